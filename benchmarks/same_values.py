"""Whether two working trees hold the same values, whatever form their code gives them.

For a change of the code that should change no result: build both, then compare every column of
data/raw, data/clean and the predictions, every shard to the byte, every tensor of the model, every
key of the indexes, and every CSV list and metric that both have.

    python benchmarks/same_values.py OLD NEW

Exit status 1 where a value differs; what only one tree has is listed.
"""

import argparse
import csv
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from safetensors.numpy import load_file

RENAMED = {"phash": "dhash"}
PLACES = {  # of what moved, by the name that it had
    "data/predictions.parquet": "data/evaluation/predictions.parquet",
    "reports/profile.json": "data/profile.json",
}
LISTS = ("reports", "reports/data", "reports/model")
DIGESTS = ("inputs_sha256",)  # of code, among other things
TIMES = ("images_per_second", "examples_per_second", "seconds")
OF_SPEED = (*TIMES, "num_images", "num_examples")  # columns of speed.csv: a resumed run has fewer
INDEXES = ("raw", "clean", "findings", "shards", "evaluation")  # in data/
OF_FILES = ("files", "index_sha256")  # in an index; the values in the files are compared
SECTIONS = ("preparation", "target", "content")  # of an index or model.json; one level, before
KINDS = {"modality": "images", "target_kind": "classes"}  # of trees that do not name them


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("old", type=Path)
    parser.add_argument("new", type=Path)
    arguments = parser.parse_args()
    found = list(compare(arguments.old, arguments.new))
    for name, outcome in found:
        print(f"{outcome:9} {name}")
    same = sum(outcome == "same" for _, outcome in found)
    differ = [name for name, outcome in found if outcome == "differs"]
    print(f"{same} same, {len(differ)} differ, {len(found) - same - len(differ)} in one tree only")
    sys.exit(bool(differ))


def compare(old: Path, new: Path) -> Iterator[tuple[str, str]]:
    """What was compared, and `same`, `differs`, `only old` or `only new`."""
    for folder in ("data/raw", "data/clean"):
        yield from columns(folder, read_all(old / folder), read_all(new / folder))
    name = "data/predictions.parquet"
    yield from columns(
        "predictions", pq.read_table(find(old, name)), pq.read_table(find(new, name))
    )
    shards = [
        {p.name: p.read_bytes() for p in (t / "data/shards").glob("*.parquet")} for t in (old, new)
    ]
    yield from both("shard", *shards)
    tensors = [load_file(tree / "models/model.safetensors") for tree in (old, new)]
    yield from both(
        "tensor", *({k: (v.dtype.str, v.shape, v.tobytes()) for k, v in t.items()} for t in tensors)
    )
    for report in ("ingest", "validation", "labels", "training", "metrics", "profile"):
        contents = [
            json.loads(find(tree, f"reports/{report}.json").read_text()) for tree in (old, new)
        ]
        for content in contents:
            for key in TIMES:
                content.pop(key, None)
        yield from both(f"{report}.json", *contents)
    yield from both(
        "model.json", *(about(tree / "models/model.json", DIGESTS) for tree in (old, new))
    )
    for name in INDEXES:
        path = f"data/{name}/index.json"
        yield from both(f"index of {name}", *(about(tree / path, OF_FILES) for tree in (old, new)))
    yield from both("list", *(lists(tree) for tree in (old, new)))


def columns(name: str, old: pa.Table, new: pa.Table) -> Iterator[tuple[str, str]]:
    old = old.rename_columns([RENAMED.get(column, column) for column in old.column_names])
    yield from both(name, *({c: t[c].combine_chunks() for c in t.column_names} for t in (old, new)))


def both(name: str, old: dict, new: dict) -> Iterator[tuple[str, str]]:
    for key in [*old, *(key for key in new if key not in old)]:
        if key not in new or key not in old:
            yield f"{name} {key}", "only old" if key in old else "only new"
        else:
            yield f"{name} {key}", "same" if equal(old[key], new[key]) else "differs"


def equal(one: object, other: object) -> bool:
    if isinstance(one, pa.Array) and pa.types.is_dictionary(one.type):
        one = one.cast(pa.string())
    if isinstance(other, pa.Array) and pa.types.is_dictionary(other.type):
        other = other.cast(pa.string())
    if isinstance(one, pa.Array) and pa.types.is_floating(one.type):
        return np.array_equal(one.to_numpy(False), other.to_numpy(False), equal_nan=True)
    return bool(one == other)


def read_all(folder: Path) -> pa.Table:
    files = sorted(folder.glob("part-*.parquet"))
    return pa.concat_tables(pq.read_table(file) for file in files).unify_dictionaries()


def about(path: Path, without: Iterable[str]) -> dict[str, Any]:
    """The keys of an index or of model.json, those of SECTIONS as keys beside the others.

    Empty where there is no such file.
    """
    if not path.exists():
        return {}
    found = KINDS | json.loads(path.read_text())
    for section in SECTIONS:
        found |= found.pop(section, {})
    return {key: value for key, value in found.items() if key not in without}


def find(tree: Path, path: str) -> Path:
    return next(p for p in (tree / path, tree / PLACES.get(path, path)) if p.exists())


def lists(tree: Path) -> dict[str, list[list[str]]]:
    found = {}
    for folder in LISTS:
        for path in sorted((tree / folder).glob("*.csv")):
            with path.open(newline="", encoding="utf-8") as file:
                found[path.name] = without_times(path.name, list(csv.reader(file)))
    return found


def without_times(name: str, rows: list[list[str]]) -> list[list[str]]:
    if name != "speed.csv":
        return rows
    kept = [column for column, title in enumerate(rows[0]) if title not in OF_SPEED]
    return [[row[column] for column in kept] for row in rows]


if __name__ == "__main__":
    main()
