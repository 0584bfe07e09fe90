"""A query over files of data/, by DuckDB, which may read these files and do nothing else.

Whoever pastes a query from somewhere cannot lose or leak anything by it: DuckDB opens no file but
those of the views, writes none, has no network and no extensions, and a query cannot change that
(docs.duckdb.org, "Securing DuckDB"). It is one SELECT besides, since COPY could write into the
files that may be read.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import duckdb

from pipeline.commands.find.tables import View, quoted, text
from pipeline.runtime.errors import FindError, MissingInput

MEMORY = "1GB"
LOCKED = {
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
    "python_enable_replacements": "false",  # no variable of this program is a table
    "max_temp_directory_size": "'0B'",  # nothing of the data is written beside it
    "memory_limit": f"'{MEMORY}'",
    "lock_configuration": "true",  # the last
}
ROWS_AT_ONCE = 10_000


class Result(NamedTuple):
    """What a query gives."""

    columns: list[str]
    rows: Iterator[tuple[Any, ...]]


class Database:
    """Views over files, which can be asked, and nothing else."""

    def __init__(self, views: Mapping[str, View]) -> None:
        """Open one.

        Raises:
            MissingInput: a file is not there or is damaged.
        """
        self._connection = duckdb.connect(":memory:")
        files = {str(file.absolute()) for view in views.values() for file in view.files}
        try:
            for name, view in views.items():
                self._connection.execute(f"CREATE VIEW {quoted(name)} AS {view.sql}")
        except duckdb.Error as error:
            raise MissingInput(
                f"the data cannot be read: {in_short(error)}", fix="dvc repro, or dvc pull"
            ) from None
        self._connection.execute(f"SET allowed_paths = [{', '.join(map(text, sorted(files)))}]")
        for name, value in LOCKED.items():
            self._connection.execute(f"SET {name} = {value}")

    def ask(self, query: str) -> Result:
        """The rows that a query gives, which must be one SELECT.

        Raises:
            FindError: it is none, is wrong, or may not be answered.
        """
        if not is_select(query):
            raise FindError("a query must be one SELECT, and nothing else", fix=HELP)
        try:
            cursor = self._connection.execute(query)
            columns = [column[0] for column in cursor.description or ()]
            first = cursor.fetchmany(ROWS_AT_ONCE)
        except duckdb.OutOfMemoryException:
            raise FindError(f"the query takes more than {MEMORY}", fix="ask for less") from None
        except duckdb.Error as error:
            raise FindError(f"the query failed: {in_short(error)}", fix=HELP) from None
        return Result(columns, _rows(cursor, first))


HELP = "groundwork find --columns lists what there is; docs/find.md has examples"


def is_select(query: str) -> bool:
    """Whether a query is one SELECT.

    Raises:
        FindError: it is no SQL.
    """
    try:
        types = [statement.type for statement in duckdb.extract_statements(query)]
    except duckdb.Error as error:
        raise FindError(f"this is no SQL: {in_short(error)}", fix=HELP) from None
    except ValueError:  # a kind of statement that the library has no name for
        return False
    return types == [duckdb.StatementType.SELECT]


def in_short(error: duckdb.Error) -> str:
    """The first line of what DuckDB says, without the kind of error."""
    line = str(error).strip().split("\n")[0]
    return line.partition(" Error: ")[2] or line


def _rows(cursor: Any, first: list[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    while first:
        yield from first
        try:
            first = cursor.fetchmany(ROWS_AT_ONCE)
        except duckdb.Error as error:
            raise FindError(f"the query failed: {in_short(error)}", fix=HELP) from None
