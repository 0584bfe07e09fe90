"""Finds manifests, the roles of their columns, and reads them."""

import re
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.dataset.catalog import Columns, Entry
from pipeline.dataset.table import SLICE
from pipeline.modalities.protocols.prepare import Prepare, content_column
from pipeline.runtime.errors import SourceError
from pipeline.sources.places.files import Files
from pipeline.sources.source import SPLIT_NAMES
from pipeline.sources.tables.delimited import TextFormat
from pipeline.sources.tables.encoding import notes_on_mojibake
from pipeline.sources.tables.missing import Missing, codes_of, without_missing
from pipeline.sources.tables.opening import SUFFIXES, OpenTable, open_file, open_table
from pipeline.sources.tables.parquet import ParquetTable
from pipeline.targets.protocols.labels import Labels

STEMS = {"manifest", "metadata", "labels", "annotations", "index", "data", *SPLIT_NAMES}
START_BYTES = 64 << 10
MAX_NAMED = 20

# Usual names of columns by role; those of `content` and `label` come from the modality and the
# target.
USUAL_NAMES = {
    "content": (),
    "label": (),
    "id": ("id",),
    "split": ("split", "subset"),
    "group": ("group",),
    "time": (),
    "user": (),
    "known_at": (),
    "license": ("license", "licence"),
    "purposes": ("purposes", "purpose"),
    "annotator": ("annotator", "worker", "rater"),
}


class Roles(NamedTuple):
    """The roles that columns of a manifest may have."""

    usual: dict[str, Sequence[str]]
    """Usual names by role, the most telling first."""
    keys: dict[str, str]
    """Keys of an entry by role."""
    columns: Columns
    """Columns that the entry names."""
    format: TextFormat
    missing: Missing
    slices: Sequence[str] = ()
    """Further columns that the entry names, each its own role, `slice_<name>`."""

    def named(self, role: str) -> str | None:
        """The column that the entry names for a role."""
        if role.startswith(SLICE):
            return role.removeprefix(SLICE)
        name: str | None = getattr(self.columns, self.keys[role], None)
        return name


def roles_of(entry: Entry, prepare: Prepare, labels: Labels) -> Roles:
    own = {"content": content_column(prepare), "label": labels.COLUMN}
    usual = {"content": prepare.USUAL_NAMES, "label": labels.USUAL_NAMES}
    of_slices: dict[str, Sequence[str]] = {SLICE + name: () for name in entry.slices}
    return Roles(
        {**USUAL_NAMES, **usual, **of_slices},
        {role: own.get(role, role) for role in USUAL_NAMES} | dict.fromkeys(of_slices, "slices"),
        entry.columns,
        TextFormat(**entry.dialect.model_dump(), header=entry.header),
        entry.missing,
        entry.slices,
    )


class Manifest(NamedTuple):
    """A manifest as a table with our names for its columns."""

    table: pa.Table
    folder: str
    """The folder of its paths, in the tree: empty, or ending with a slash."""
    notes: tuple[str, ...] = ()
    """Sentences on how it was read, and on columns that are not used."""


def find_manifests(files: Files, roles: Roles) -> list[str]:
    """Find the names of the manifests: the one that uri names, or those with usual names.

    Raises:
        SourceError: there are several, and none is marked as the right one.
    """
    candidates = [name for name in files.others if name.lower().endswith(SUFFIXES)]
    if len(files.members) > 1:
        candidates = [name for name in candidates if PurePosixPath(name).stem.lower() in STEMS]
        # One at the root, or one in each split folder, below any folders that hold them all.
        depth = min((name.count("/") for name in candidates), default=0)
        candidates = [name for name in candidates if name.count("/") == depth]
    manifests = [name for name in candidates if _is_manifest(files, name, roles)]
    keys = [
        (path.parent, SPLIT_NAMES.get(path.stem.lower())) for path in map(PurePosixPath, manifests)
    ]
    folders = [folder for folder, _ in keys]
    # Several make one dataset if each has its own folder, or the name of its own split.
    if any(keys.count(k) > 1 or (folders.count(k[0]) > 1 and k[1] is None) for k in keys):
        raise SourceError(
            f"{files.where} has several manifests: {', '.join(manifests[:4])}",
            fix="point uri at the one that counts",
        )
    return manifests


def _is_manifest(files: Files, name: str, roles: Roles) -> bool:
    if len(files.members) == 1 and not name.lower().endswith(".parquet"):
        return True  # it can be nothing else; read_manifest reports what it lacks
    try:
        columns = _plain_columns(open_table(files, name, roles.format))
    except SourceError:
        if name.lower().endswith(".parquet"):
            return False  # the kind that reads Parquet reports what is wrong
        columns = _words(files, name)  # read_manifest reports what is wrong
    return all(_column(columns, role, roles) is not None for role in ("content", "label"))


def _plain_columns(table: OpenTable) -> list[str]:
    """Columns of texts or numbers."""
    if not isinstance(table, ParquetTable):
        return table.names
    return [f.name for f in table.schema if pa.types.is_string(f.type) or _is_plain(f.type)]


def _words(files: Files, name: str) -> list[str]:
    """The words in the first lines of a file, which include the names of its columns."""
    with open_file(files, name) as file:
        start = bytes(file.read(START_BYTES)).decode("utf-8-sig", "replace")
    return [word for line in start.split("\n")[:5] for word in re.split(r"[^\w .-]+", line) if word]


def _is_plain(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_integer(kind)
        or pa.types.is_floating(kind)
        or pa.types.is_large_string(kind)
        or pa.types.is_dictionary(kind)
        or pa.types.is_boolean(kind)
    )


def _column(columns: list[str], role: str, roles: Roles) -> str | None:
    """The column that the entry names, or the first with a usual name for the role."""
    if (name := roles.named(role)) is not None:
        return name if name in columns else None
    by_name = {column.strip().lower(): column for column in reversed(columns)}
    return next((by_name[usual] for usual in roles.usual[role] if usual in by_name), None)


def read_manifest(files: Files, name: str, roles: Roles, is_start: bool = False) -> Manifest:
    """Read a manifest as text, with our names for its columns; null where a cell is blank.

    With `is_start` only its first rows are read.

    Raises:
        SourceError: it is damaged, or has no column of contents or of labels.
    """
    opened = open_table(files, name, roles.format)
    columns = _find_columns(names := opened.names, roles, opened.where)
    if isinstance(opened, ParquetTable):
        _check_types(opened.schema, columns, opened.where)
    wanted = list(dict.fromkeys(columns.values()))
    table = _first(opened.batches(wanted), wanted) if is_start else opened.read(wanted)
    notes = list(opened.notes)
    texts = {}
    for role, column in columns.items():
        text = pc.utf8_trim_whitespace(table[column].cast(pa.string()))
        text = pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text)
        texts[role], num = without_missing(text, codes_of(roles.missing, column))
        if not is_start and role == "label":
            notes += notes_on_mojibake(texts[role], column)
        if num:
            notes.append(f"{num} rows of column {column} have a value that the entry calls missing")
    if unused := [n for n in names if n and n not in columns.values() and not n.startswith("__")]:
        more = f" and {len(unused) - MAX_NAMED} more" if len(unused) > MAX_NAMED else ""
        notes.append(f"columns that are not used: {', '.join(unused[:MAX_NAMED])}{more}")
    return Manifest(pa.table(texts), name[: name.rfind("/") + 1], tuple(notes))


def _first(batches: Iterator[pa.RecordBatch], columns: list[str]) -> pa.Table:
    """The first batch, if there is any."""
    for batch in batches:
        return pa.Table.from_batches([batch])
    return pa.table({name: pa.nulls(0, pa.string()) for name in columns})


def _check_types(schema: pa.Schema, columns: dict[str, str], where: str) -> None:
    """
    Raises:
        SourceError: a column has neither texts nor numbers.
    """
    for column in columns.values():
        if schema.names.count(column) > 1:
            continue  # reading reports it
        kind = schema.field(column).type
        if not (pa.types.is_string(kind) or pa.types.is_temporal(kind) or _is_plain(kind)):
            raise SourceError(
                f"{where} has {kind} in column {column}, expected a text or a number a row",
                fix="name another column in the catalog entry, under columns:",
            )


def _find_columns(names: list[str], roles: Roles, where: str) -> dict[str, str]:
    """The columns that a manifest has, by role.

    Raises:
        SourceError: it lacks contents or labels, or a column that the entry names.
    """
    columns = {role: _column(names, role, roles) for role in roles.usual}
    for role in ("content", "label"):
        if columns[role] is None:
            key = roles.keys[role]
            raise SourceError(
                f"{where} has no column that names the {key}; it has {', '.join(names) or 'none'}",
                fix=f"name it in the catalog entry, under columns: {key}:",
            )
    for role, column in columns.items():
        if column is None and (name := roles.named(role)) is not None:
            raise SourceError(
                f"{where} has no column {name}; it has {', '.join(names)}",
                fix="correct slices: in the catalog entry"
                if role.startswith(SLICE)
                else f"correct columns: {roles.keys[role]}: in the catalog entry",
            )
    return {role: column for role, column in columns.items() if column is not None}


def place_of_row(files: Files, name: str, row: int, roles: Roles) -> str:
    """The place of a row, as an editor would show it: `line 7`; `row 5` of a Parquet file."""
    table = open_table(files, name, roles.format)
    return f"row {row}" if isinstance(table, ParquetTable) else f"line {table.line_of(row)}"
