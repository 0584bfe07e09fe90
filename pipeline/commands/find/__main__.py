"""Find: examples that meet a condition, or that are like one.

    groundwork find "label = 'cat' and sharpness < 0.001"
    groundwork find --like ID

Conditions are SQL on the view `examples`: tables.py says what it has, database.py what a query may
do. Prints a table, ids, or CSV, or opens a gallery.
"""

import argparse
import sys
from collections.abc import Sequence

from pipeline.commands.find.arguments import parser
from pipeline.commands.find.database import Database, Result
from pipeline.commands.find.printing import as_table, first_of, print_ids, write_csv
from pipeline.commands.find.tables import (
    EXAMPLES,
    View,
    mentions,
    num_examples,
    other_views,
    quoted,
    view_of_examples,
    view_of_values,
)
from pipeline.commands.frame import run_command
from pipeline.runtime.errors import FindError, one_line

SHOWN = 20
ON_PAGE = 500
BASIC = ("id", "split", "label", "target", "item")
TELLING = ("reason", "suspected", "predicted")
"""What is shown of an example, beside what is asked about."""
DISTANCE = "distance"
NEAREST = "nearest"


def main(arguments: argparse.Namespace) -> None:
    if arguments.sql:
        answer_query(arguments)
        return
    if arguments.columns:
        print("\n".join(map(one_line, view_of_examples("*").columns)))
        return
    limit = arguments.limit
    if limit is None and not (arguments.ids or arguments.csv):
        limit = ON_PAGE if arguments.page else SHOWN
    nearest = None
    if arguments.like:
        from pipeline.commands.find.similar import find_like

        among = None
        if arguments.condition:
            query = f"SELECT id FROM {EXAMPLES} WHERE ({arguments.condition}\n)"
            among = list(first_of(open_database(query).ask(query).rows))
        what, nearest = find_like(arguments.like, among, limit or SHOWN)
        print(f"find: by {what}", file=sys.stderr)
    if arguments.page:
        from pipeline.commands.find.gallery import open_gallery

        query = query_for(["id"], arguments, limit, nearest is not None)
        rows = open_database(query, nearest).ask(query).rows
        open_gallery(list(first_of(rows)), with_browser=not arguments.no_browser)
        return
    asked = " ".join(filter(None, [arguments.condition, arguments.sort]))
    everything = view_of_examples("*").columns
    columns = ["id"] if arguments.ids else everything
    if not (arguments.ids or arguments.csv):
        columns = [
            name
            for name in everything
            if name in (*BASIC, *TELLING) or (mentions(asked, name.lower()) and "*" not in asked)
        ]
    query = query_for(columns, arguments, limit, nearest is not None)
    database = open_database(query, nearest)
    result = database.ask(query)
    if arguments.ids:
        print_ids(first_of(result.rows))
    elif arguments.csv:
        write_csv(sys.stdout, result)
    else:
        print_found(database, result, arguments)


def query_for(
    columns: Sequence[str], arguments: argparse.Namespace, limit: int | None, is_like: bool
) -> str:
    """The query that answers, in an order that is always the same."""
    chosen = [f"{EXAMPLES}.{quoted(name)}" for name in columns]
    source, order = EXAMPLES, ["id"]
    if is_like:  # which the condition has chosen among already
        chosen += [DISTANCE] if columns != ["id"] else []
        source, order = f"{EXAMPLES} JOIN {NEAREST} USING (id)", [DISTANCE, "id"]
    elif arguments.condition:
        source += f" WHERE ({arguments.condition}\n)"
    if arguments.sort:
        order.insert(0, arguments.sort)
    most = f" LIMIT {limit}" if limit else ""
    return f"SELECT {', '.join(chosen)} FROM {source} ORDER BY {', '.join(order)}{most}"


def open_database(query: str, nearest: Sequence[tuple[str, float]] | None = None) -> Database:
    """A database with all that a query mentions."""
    views: dict[str, View] = {EXAMPLES: view_of_examples(query), **other_views(query)}
    if nearest is not None:
        views[NEAREST] = view_of_values(("id", DISTANCE), nearest)
    return Database(views)


def answer_query(arguments: argparse.Namespace) -> None:
    """Answer a whole SELECT.

    Raises:
        FindError: a condition or the like stands beside it.
    """
    if arguments.condition or arguments.like or arguments.sort or arguments.page:
        raise FindError(
            "--sql is a whole query: no condition, --like, --sort or --page goes with it",
            fix="put the condition into the query",
        )
    result = open_database(arguments.sql).ask(arguments.sql)
    if arguments.ids:
        if "id" not in result.columns:
            raise FindError("the query has no column id", fix="select it, or leave --ids out")
        at = result.columns.index("id")
        print_ids(row[at] for row in result.rows)
    elif arguments.csv:
        write_csv(sys.stdout, result)
    else:
        print("\n".join(as_table(result)))


def print_found(database: Database, result: Result, arguments: argparse.Namespace) -> None:
    """How many there are, and the first of them."""
    rows = list(result.rows)
    num = len(rows)
    if not arguments.like and num == (arguments.limit or SHOWN):
        where = f" WHERE ({arguments.condition}\n)" if arguments.condition else ""
        ((num,),) = database.ask(f"SELECT count(*) FROM {EXAMPLES}{where}").rows
    shown = f", the first {len(rows)}" if len(rows) < num else ""
    print(f"{num:,} of {num_examples():,} examples{shown}")
    if rows:
        print("\n".join(as_table(without_empty(Result(result.columns, iter(rows))))))


def without_empty(result: Result) -> Result:
    """Without those columns of TELLING that say nothing of any row."""
    columns = list(zip(*result.rows, strict=True))
    kept = [
        at
        for at, name in enumerate(result.columns)
        if name not in TELLING or any(value not in (None, False) for value in columns[at])
    ]
    names = [result.columns[at] for at in kept]
    return Result(names, zip(*(columns[at] for at in kept), strict=True))


if __name__ == "__main__":
    run_command(lambda: main(parser().parse_args()))
