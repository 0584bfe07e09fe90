"""Draws images side by side."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from numpy.typing import NDArray

from pipeline.reporting.figures import save

WIDEST, MOST_OF_ONE = 7.5, 1.5  # inches of a sheet, and of an image of it
TITLE, LINE, GAP = 0.3, 0.12, 0.08  # inches


def contact_sheet(rows: dict[str, NDArray[np.uint8]], path: Path, *, title: str) -> None:
    """Draw images `(N, H, W, C)`, all of one shape, in a row beside each name; N may differ."""
    if not rows:
        return _draw_text("no training example", path)
    _, height, width, channels = next(iter(rows.values())).shape
    columns = max(1, *(len(images) for images in rows.values()))
    gap = max(1, height // 16)
    step, across = height + gap, width + gap
    sheet = np.full((len(rows) * step - gap, columns * across - gap, channels), 255, np.uint8)
    for row, images in enumerate(rows.values()):
        for column, image in enumerate(images):
            top, left = row * step, column * across
            sheet[top : top + height, left : left + width] = image
    inches = min(WIDEST, MOST_OF_ONE * columns)
    figure, axis = plt.subplots(figsize=(inches, sheet.shape[0] * inches / sheet.shape[1]))
    axis.imshow(sheet.squeeze(), cmap="gray", vmin=0, vmax=255, interpolation="nearest")
    axis.set_yticks([row * step + height / 2 for row in range(len(rows))], list(rows))
    axis.set_xticks([])
    axis.set_title(title)
    axis.tick_params(length=0)
    axis.grid(False)
    for spine in axis.spines.values():
        spine.set_visible(False)
    save(figure, path)


def image_grid(
    images: Sequence[NDArray[np.uint8]],
    captions: Sequence[str],
    path: Path,
    *,
    columns: int,
    title: str,
) -> None:
    """Draw images `(H, W, C)` in rows of up to `columns`, each with a caption; without any, the
    title."""
    if not images:
        return _draw_text(title, path)
    columns = min(columns, len(images))
    rows = -(-len(images) // columns)
    above = LINE * max(caption.count("\n") + 1 for caption in captions) + 2 * GAP
    height = TITLE + rows * (above + 1)  # an image has an inch
    figure, axes = plt.subplots(
        rows, columns, figsize=((1 + 2 * GAP) * columns, height), squeeze=False
    )
    figure.suptitle(title, y=1 - GAP / height, va="top")
    top = 1 - (TITLE + above) / height
    figure.subplots_adjust(left=0, right=1, bottom=0, top=top, wspace=2 * GAP, hspace=above)
    cells: list[Any] = list(axes.flat)
    for axis in cells:
        axis.axis("off")
    for axis, image, caption in zip(cells, images, captions, strict=False):
        shown = image[:, :, 0] if image.shape[2] == 1 else image
        axis.imshow(shown, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
        axis.set_title(caption, fontsize=6.5)
    save(figure, path)


def _draw_text(text: str, path: Path) -> None:
    figure = plt.figure(figsize=(4, 0.6))
    figure.text(0.5, 0.5, text, ha="center", va="center")
    save(figure, path)
