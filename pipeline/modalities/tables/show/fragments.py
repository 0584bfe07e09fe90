"""Rows in HTML, for the review page: a line for each column, two rows side by side."""

from collections.abc import Mapping
from html import escape
from typing import Any

from pipeline.modalities.protocols.show import Content
from pipeline.modalities.tables.content.rows import Row, read_row
from pipeline.modalities.tables.show.words import in_words

MAX_SHOWN = 200
"""Columns of a row."""


def html(content: Content, about: Mapping[str, Any]) -> str:
    row = read_row(content.get("row"))
    if not row:
        return '<span class="caption">no row</span>'
    lines = "".join(f"<tr>{_name(name)}{_cell(value)}</tr>" for name, value in _first(row))
    return f'<div class="row"><table><tbody>{lines}</tbody></table>{_more(row)}</div>'


def pair_html(
    content: Content,
    about: Mapping[str, Any],
    twin_content: Content,
    twin_about: Mapping[str, Any],
) -> str:
    """Render a line for each column with both values, bold where they differ; these come first."""
    row, twin = read_row(content.get("row")), read_row(twin_content.get("row"))
    names = sorted({**row, **twin}, key=lambda name: row.get(name) == twin.get(name))
    captions = "".join(
        f"<td><span>{escape(str(example.get('caption', '')))}</span></td>"
        for example in (about, twin_about)
    )
    lines = "".join(
        f"<tr>{_name(name)}"
        f"{_cell(row.get(name), row.get(name) != twin.get(name))}"
        f"{_cell(twin.get(name), row.get(name) != twin.get(name))}</tr>"
        for name in names[:MAX_SHOWN]
    )
    head = f"<tr><th></th>{captions}</tr>"
    return f'<div class="row"><table><tbody>{head}{lines}</tbody></table></div>'


def size(about: Mapping[str, Any]) -> str:
    missing = about.get("missing")
    return f"{missing:.0%} missing" if missing else ""


def media(content: Content) -> tuple[str, bytes] | None:
    return None


def _first(row: Row) -> list[tuple[str, Any]]:
    return list(row.items())[:MAX_SHOWN]


def _more(row: Row) -> str:
    more = len(row) - MAX_SHOWN
    return f'<span class="caption">and {more} more columns</span>' if more > 0 else ""


def _name(name: str) -> str:
    return f"<th>{escape(name)}</th>"


def _cell(value: Any, differs: bool = False) -> str:
    kinds = " ".join(["missing"] * (value is None) + ["differs"] * differs)
    attribute = f' class="{kinds}"' if kinds else ""
    return f"<td{attribute}>{escape(in_words(value))}</td>"
