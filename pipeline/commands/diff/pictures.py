"""Examples that changed, drawn before and after, where both versions of data/raw are at hand."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.commands.diff.summary import Example, OfKind
from pipeline.commands.history.data_at import RawFiles
from pipeline.modalities.opening import open_show
from pipeline.reporting.figures import with_id
from pipeline.runtime.errors import MissingInput

MOST_OF_A_KIND = 8
COLUMNS = 4  # two examples in a row, each before and after

Content = dict[str, Any]


class Drawn(NamedTuple):
    kind: str
    example: Example


def draw_changes(
    summary: Sequence[OfKind], before: RawFiles | None, after: RawFiles | None, path: Path
) -> str:
    """Draw some examples of each kind into a PNG file; returns what is in it, in words.

    Raises:
        MissingInput: neither version is here.
    """
    there = after or before
    if there is None:
        raise MissingInput("data/raw is not here to draw from", fix="dvc pull data/raw")
    chosen = [
        Drawn(one.kind, example)
        for one in summary
        for example in [e for e in one.examples if e.id][:MOST_OF_A_KIND]
    ]
    show = open_show(there.index["modality"])
    ids = [str(drawn.example.id) for drawn in chosen]
    versions = [contents_of(raw, ids, show.CONTENT) for raw in (before, after)]
    nothing: Content = dict.fromkeys(show.CONTENT)
    contents = [version.get(id, nothing) for id in ids for version in versions]
    captions = [
        with_id(f"{drawn.kind}, {when}\n{drawn.example.change}", str(drawn.example.id))
        for drawn in chosen
        for when in ("before", "after")
    ]
    columns = {name: [content[name] for content in contents] for name in show.CONTENT}
    path.parent.mkdir(parents=True, exist_ok=True)
    show.grid_of_contents(
        columns,
        there.index["content"],
        captions,
        path,
        columns=COLUMNS,
        title="Examples that changed, before and after",
    )
    lacking = [w for w, raw in (("before", before), ("after", after)) if raw is None]
    without = f", without the data {' and '.join(lacking)}, which are not here" if lacking else ""
    return f"{len(chosen)} examples drawn{without}"


def contents_of(
    raw: RawFiles | None, ids: Sequence[str], columns: Sequence[str]
) -> dict[str, Content]:
    """The contents of examples by their ids, of those that a version has."""
    found: dict[str, Content] = {}
    wanted = pa.array(sorted(set(ids)), pa.string())
    for path in raw.parts.values() if raw else ():
        with pq.ParquetFile(path) as file:
            for group in range(file.num_row_groups):
                own = file.read_row_group(group, ["id"])["id"]
                mine = pc.is_in(own, wanted)
                if pc.any(mine).as_py():
                    rows = file.read_row_group(group, list(columns)).filter(mine).to_pylist()
                    found |= zip(own.filter(mine).to_pylist(), rows, strict=True)
    return found
