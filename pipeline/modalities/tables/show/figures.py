"""Draws rows: the first columns of each, with its caption."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib.pyplot as plt

from pipeline.modalities.tables.content.rows import Row
from pipeline.modalities.tables.show.words import in_words
from pipeline.reporting.figures import GREY, save

MAX_COLUMNS = 8
MAX_NAME, MAX_VALUE = 18, 12
LINE = 0.14  # inches
WIDTH = 1.9


def row_grid(
    rows: Sequence[Row | None],
    captions: Sequence[str],
    path: Path,
    *,
    columns: int,
    title: str,
) -> None:
    """Draw cells of text in rows of `columns`; None is a blank place. Without any, the title."""
    across = max(1, min(columns, 5, len(rows)))
    down = -(-len(rows) // across)
    if not down:
        return draw_text(title, path)
    lines = 4 + min(MAX_COLUMNS, max((len(row) for row in rows if row), default=0))
    size = (WIDTH * across, LINE * lines * down + 0.4)
    figure = plt.figure(figsize=size)
    figure.suptitle(title, y=1 - 0.1 / size[1], va="top")
    for place, (row, caption) in enumerate(zip(rows, captions, strict=True)):
        left = place % across / across
        top = 1 - (0.35 + place // across * LINE * lines) / size[1]
        first, below = caption.splitlines()[:2], " ".join(caption.splitlines()[2:])
        figure.text(left, top, cut(" · ".join(first), 34), fontsize=6.5, va="top", weight="bold")
        figure.text(left, top - LINE / size[1], below, fontsize=6, va="top")
        for line, (name, value) in enumerate(list((row or {}).items())[:MAX_COLUMNS], 2):
            height = top - line * LINE / size[1]
            figure.text(left, height, cut(name, MAX_NAME), fontsize=6, va="top", color=GREY)
            figure.text(
                left + 0.9 / across,
                height,
                cut(in_words(value), MAX_VALUE),
                fontsize=6,
                va="top",
                ha="right",
            )
    save(figure, path)


def cut(text: str, most: int) -> str:
    text = "".join(c if c.isprintable() else " " for c in text)
    return text if len(text) <= most else f"{text[: most - 1]}…"


def draw_text(text: str, path: Path) -> None:
    figure = plt.figure(figsize=(4, 0.6))
    figure.text(0.5, 0.5, text, ha="center", va="center")
    save(figure, path)
