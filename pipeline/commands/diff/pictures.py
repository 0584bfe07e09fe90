"""Examples that changed, drawn before and after, where both versions of data/raw are at hand."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from pipeline.commands.diff.summary import Example, OfKind
from pipeline.commands.history.contents import Content, contents_of
from pipeline.commands.history.data_at import RawFiles
from pipeline.modalities.opening import open_show
from pipeline.reporting.figures import with_id
from pipeline.runtime.errors import MissingInput

MOST_OF_A_KIND = 8
COLUMNS = 4  # two examples in a row, each before and after


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
    return f"{len(chosen)} example{'s' * (len(chosen) != 1)} drawn{without}"
