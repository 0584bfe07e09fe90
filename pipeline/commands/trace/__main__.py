"""Trace: all that is known of one example.

    groundwork trace ID

Its source and licence, where it lies in data/raw, what people and stages decided, the shards it is
in, the models trained on it, what is predicted of it, and the commits in which it came, changed and
left. The last are from git alone; the rest from the data that are at hand.
"""

import argparse
import json
import re

import duckdb

from pipeline.commands.frame import run_command
from pipeline.commands.history.data_at import raw_at, tables_of
from pipeline.commands.history.rows_at import dataset_at
from pipeline.commands.trace.arguments import parser
from pipeline.commands.trace.commits import search_git
from pipeline.commands.trace.data import search_data
from pipeline.commands.trace.telling import tell
from pipeline.dataset.rows import row_key, row_keys
from pipeline.runtime.errors import FindError, MissingInput, one_line

KEY = re.compile("[0-9a-f]{12}")
SHA256 = re.compile("[0-9a-f]{64}")


def main(arguments: argparse.Namespace) -> None:
    name = arguments.id
    id: str | None = name
    key = row_key(name)
    digests = []
    try:
        if KEY.fullmatch(name):
            id, key = id_of(name), name
        elif SHA256.fullmatch(name):
            id, key, digests = None, name[:12], [name]
        data = search_data(id, digests, dataset_at(None))
    except duckdb.Error as error:
        line = str(error).split("\n")[0]
        raise MissingInput(f"the data cannot be read: {line}", fix="dvc repro") from None
    if data.raw:
        id = data.raw["id"]
        key = row_key(str(id))
    git = search_git(key)
    if not (data.raw or data.opted_out or git.events):
        raise FindError(
            f"{name} is in none of the data that are here, and in no commit of this branch",
            fix="see the ids: groundwork find --limit 5; dvc pull data/raw brings the data",
        )
    lines = [("id", str(id) if id else "not known here"), ("key", key), *tell(data, git)]
    if arguments.json:
        print(json.dumps([{"about": about, "known": known} for about, known in lines]))
        return
    width = max(len(about) for about, _ in lines)
    print("\n".join(one_line(f"{about:<{width}}  {known}") for about, known in lines))


def id_of(key: str) -> str | None:
    """The id of a key of rows.csv, where data/raw is at hand."""
    raw = raw_at(None)
    for _, table in tables_of(raw, ["id"]) if raw else ():
        ids = table["id"].to_pylist()
        keys = row_keys(ids)
        if key in keys:
            return str(ids[keys.index(key)])
    return None


if __name__ == "__main__":
    run_command(lambda: main(parser().parse_args()))
