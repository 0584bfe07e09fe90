"""Several rows of one example: repeats are dropped, contradictions refused, annotators vote."""

from collections.abc import Callable

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.ingest.sources.kinds.manifest.rows import with_columns
from pipeline.ingest.sources.kinds.manifest.tables import Manifest, Roles, place_of_row
from pipeline.runtime.errors import SourceError
from pipeline.sources.places.files import Files

# Columns in which the rows of all annotators of an example must agree.
NOT_SAID = ("at", "text")
OF_EXAMPLE = [
    "split", "group", "time", "user", "known_at", "license", "purposes", "place", "problem",
]  # fmt: skip


def once_each(
    rows: pa.Table, keys: list[str], line_of: Callable[[int], str], where: str
) -> pa.Table:
    """Keep the first of rows that repeat each other.

    `line_of` gives the place of a row by its number; `where` is the source, for messages.

    Raises:
        SourceError: two rows contradict each other about one key.
    """
    if "annotator" not in keys and len(pc.unique(rows["id"])) == rows.num_rows:
        return rows
    rows = _first_of_like(rows, [name for name in rows.column_names if name not in NOT_SAID])
    _refuse_contradictions(rows, keys, line_of, where)
    return rows


def by_majority(rows: pa.Table, line_of: Callable[[int], str], where: str) -> pa.Table:
    """Make one row for each id, with the label of most annotators, the first of equals.

    Raises:
        SourceError: rows of one id differ in more than annotator and label.
    """
    examples = _first_of_like(rows, ["id", *OF_EXAMPLE])
    _refuse_contradictions(examples, ["id"], line_of, where, but=("label", "annotator"))
    votes = (
        rows.filter(pc.is_valid(rows["label"]))
        .group_by(["id", "label"], use_threads=False)
        .aggregate([("at", "count"), ("at", "min")])
        .sort_by([("at_count", "descending"), ("at_min", "ascending")])
        .group_by("id", use_threads=False)
        .aggregate([("label", "first")])
    )
    won = pc.index_in(examples["id"], votes["id"].combine_chunks())
    return with_columns(examples, label=votes["label_first"].take(won))


def _first_of_like(rows: pa.Table, columns: list[str]) -> pa.Table:
    """The first of the rows that are alike in these columns, in order."""
    first = rows.group_by(columns, use_threads=False).aggregate([("at", "min")])["at_min"]
    return rows.filter(pc.is_in(rows["at"], first.combine_chunks()))


def _refuse_contradictions(
    rows: pa.Table,
    keys: list[str],
    line_of: Callable[[int], str],
    where: str,
    but: tuple[str, ...] = (),
) -> None:
    """Refuse rows of the same keys that differ, except in the columns `but`."""
    counts = rows.group_by(keys, use_threads=False).aggregate([("at", "count"), ("at", "min")])
    several = counts.filter(pc.greater(counts["at_count"], 1)).sort_by("at_min")
    if not several.num_rows:
        return
    alike = rows
    for key in keys:
        value = several[key][0]
        same = pc.equal(alike[key], value) if value.is_valid else pc.is_null(alike[key])
        alike = alike.filter(same)
    first, second = alike.slice(0, 2).to_pylist()
    differing = next(
        n for n in rows.column_names if n not in (*but, *NOT_SAID) and first[n] != second[n]
    )
    lines = [line_of(row["at"]) for row in (first, second)]
    is_content = differing in ("place", "problem")
    values = "" if is_content else f" ({first[differing]}, {second[differing]})"
    more = f"; so do rows of {several.num_rows - 1} more" if several.num_rows > 1 else ""
    raise SourceError(
        f"{where} says two things of {first['id']}: {' and '.join(lines)} differ in "
        f"{'content' if is_content else differing}{values}{more}",
        fix="give each example an id of its own, in a column id"
        if is_content
        else "let the rows of an example differ in annotator and label alone"
        if "annotator" in (*keys, *but)
        else "keep one row for each example, or name the annotator of each in a column",
    )


def line_of_row(
    at: int, parts: list[Manifest], names: list[str], files: Files, roles: Roles
) -> str:
    """The place of row `at` of all manifests, as in an editor: `line 3 of train.csv`."""
    for part, name in zip(parts, names, strict=True):
        if at < part.table.num_rows:
            line = place_of_row(files, name, at, roles)
            return line if len(parts) == 1 else f"{line} of {name}"
        at -= part.table.num_rows
    raise AssertionError("no such row")
