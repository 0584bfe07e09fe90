"""Events as pictures: whose, and the first items of a history."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib.pyplot as plt

from pipeline.modalities.interactions.show.words import MAX_ITEMS, shortened
from pipeline.reporting.figures import GREY, save

Row = tuple[str, Sequence[str]]
"""A user, and items."""
WIDTH, LINE = 1.9, 0.14  # inches


def event_grid(
    rows: Sequence[Row | None],
    captions: Sequence[str],
    path: Path,
    *,
    columns: int,
    title: str,
) -> None:
    """Cells of text in lines of `columns`; None is a blank place. Without any, the title."""
    across = max(1, min(columns, 5, len(rows)))
    down = -(-len(rows) // across)
    if not down:
        return draw_text(title, path)
    lines = 4 + min(MAX_ITEMS, max((len(row[1]) for row in rows if row), default=0))
    size = (WIDTH * across, LINE * lines * down + 0.4)
    figure = plt.figure(figsize=size)
    figure.suptitle(title, y=1 - 0.1 / size[1], va="top")
    for place, (row, caption) in enumerate(zip(rows, captions, strict=True)):
        left = place % across / across
        top = 1 - (0.35 + place // across * LINE * lines) / size[1]
        written = [(shortened(" · ".join(caption.splitlines()), 34), "bold", "black")]
        if row is not None:
            written.append((shortened(f"user {row[0]}", 34), "normal", "black"))
            written += [(shortened(item, 30), "normal", GREY) for item in row[1][:MAX_ITEMS]]
        for line, (text, weight, color) in enumerate(written):
            figure.text(
                left,
                top - line * LINE / size[1],
                text,
                fontsize=6,
                va="top",
                weight=weight,
                color=color,
                parse_math=False,
            )
    save(figure, path)


def draw_text(text: str, path: Path) -> None:
    figure = plt.figure(figsize=(4, 0.6))
    figure.text(0.5, 0.5, text, ha="center", va="center", parse_math=False)
    save(figure, path)
