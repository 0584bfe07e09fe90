"""Texts as pictures: their captions and ids, and the text itself where a person asks for it."""

import textwrap
import warnings
from collections.abc import Sequence
from pathlib import Path

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from pipeline.reporting.figures import GREY, save

ACROSS = 4
WIDTH, LINE = 2.4, 0.15  # inches
LETTERS, LINES = 38, 4
"""Letters of a line, and lines, of a text in a picture."""


def text_grid(
    texts: Sequence[str | None],
    captions: Sequence[str],
    path: Path,
    *,
    columns: int,
    title: str,
) -> None:
    """Cells in lines of `columns`; None has a caption alone. Without any, the title."""
    across = max(1, min(columns, ACROSS, len(captions)))
    down = -(-len(captions) // across)
    if not down:
        return draw_text(title, path)
    lines = 3 + (LINES if any(texts) else 0)
    size = (WIDTH * across, LINE * lines * down + 0.45)
    figure = plt.figure(figsize=size)
    figure.suptitle(printable(title), y=1 - 0.1 / size[1], va="top")
    for place, (text, caption) in enumerate(zip(texts, captions, strict=True)):
        left = place % across / across
        top = 1 - (0.4 + place // across * LINE * lines) / size[1]
        first, *below = caption.splitlines() or [""]
        figure.text(left, top, cut(first, LETTERS), fontsize=7, va="top", weight="bold")
        figure.text(left, top - LINE / size[1], cut(" ".join(below), LETTERS), fontsize=6, va="top")
        for number, line in enumerate(wrapped(text or ""), 2):
            height = top - number * LINE / size[1]
            figure.text(left, height, line, fontsize=6, va="top", color=GREY)
    save_any(figure, path)


def save_any(figure: Figure, path: Path) -> None:
    """Save like `save`; characters that the font lacks are boxes, without a warning for each."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph", UserWarning)
        save(figure, path)


def wrapped(text: str) -> list[str]:
    lines = textwrap.wrap(printable(text), LETTERS)
    return [*lines[: LINES - 1], cut(" ".join(lines[LINES - 1 :]), LETTERS)] if lines else []


def printable(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)


def cut(text: str, most: int) -> str:
    text = printable(text)
    return text if len(text) <= most else f"{text[: most - 1]}…"


def draw_text(text: str, path: Path) -> None:
    figure = plt.figure(figsize=(4, 0.6))
    figure.text(0.5, 0.5, printable(text), ha="center", va="center")
    save_any(figure, path)
