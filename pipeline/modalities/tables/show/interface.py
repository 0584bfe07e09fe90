"""The names of modalities/protocols/show.py, for tables."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from pipeline.modalities.protocols.encode import Inputs, Preparation
from pipeline.modalities.protocols.show import ContentIndex, Contents
from pipeline.modalities.tables.content.rows import read_row
from pipeline.modalities.tables.show.decoding import decoded
from pipeline.modalities.tables.show.fragments import html, media, pair_html, size
from pipeline.modalities.tables.show.words import TAILS, WORDS

__all__ = ["TAILS", "WORDS", "html", "media", "pair_html", "size"]

CONTENT = ("row",)
SHOWN = ("row", "missing")
NOUN, NOUNS, HUB_MODALITY = "row", "rows", "tabular"
FIELDS = {
    "row": ("sc:Text", "The row as a JSON object: a value for each column, null for none."),
    "sha256": ("sc:Text", "Digest of the row."),
    "missing": ("sc:Float", WORDS["missing"].meaning),
}
UNUSUAL = "Much more of it is missing than of the others."
LOOK_ALIKE = None
STYLE = Path(__file__).with_name("rows.css")


def grid(
    inputs: Inputs,
    preparation: Preparation,
    captions: Sequence[str],
    path: Path,
    *,
    columns: int,
    title: str,
    blank: Collection[int] = (),
) -> None:
    from pipeline.modalities.tables.show.figures import row_grid

    drawn = iter(decoded(inputs, preparation))
    rows = [None if place in blank else next(drawn) for place in range(len(captions))]
    row_grid(rows, captions, path, columns=columns, title=title)


def grid_of_contents(
    contents: Contents,
    content_index: ContentIndex,
    captions: Sequence[str],
    path: Path,
    *,
    columns: int,
    title: str,
) -> None:
    from pipeline.modalities.tables.show.figures import row_grid

    rows = [read_row(text) or None for text in contents["row"]]
    row_grid(rows, captions, path, columns=columns, title=title)


def sheet(
    rows: Mapping[str, Contents], content_index: ContentIndex, path: Path, *, title: str
) -> None:
    from pipeline.modalities.tables.show.figures import draw_text, row_grid

    if not rows:
        return draw_text("no training example", path)
    columns = min(5, max(1, *(len(some["row"]) for some in rows.values())))
    shown, captions = [], []
    for name, contents in rows.items():
        own = [read_row(text) or None for text in contents["row"][:columns]]
        shown += own + [None] * (columns - len(own))
        captions += [name] * len(own) + [""] * (columns - len(own))
    row_grid(shown, captions, path, columns=columns, title=title)


def describe_input(preparation: Preparation) -> str:
    numbers, categories = len(preparation["numbers"]), len(preparation["categories"])
    return (
        f"rows of {numbers} numbers and {categories} categories; missing values and categories "
        "that train does not have are inputs like others"
    )


def privacy(removed: Mapping[str, int]) -> list[str]:
    return [
        "Columns that look like identifiers are no inputs; those under columns: ignore: do not "
        "enter the data.",
        "Whether people can be recognised by what is left is for those to say who know the data.",
    ]
