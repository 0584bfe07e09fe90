"""Draws images side by side."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from numpy.typing import NDArray

from pipeline.reporting.figures import save


def contact_sheet(rows: dict[str, NDArray[np.uint8]], path: Path) -> None:
    """Draw images `(N, H, W, C)`, all of one shape, in a row under each name; N may differ."""
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
    scale = 7.5 / sheet.shape[1]  # inches a pixel
    figure, axis = plt.subplots(figsize=(7.5, sheet.shape[0] * scale))
    axis.imshow(sheet.squeeze(), cmap="gray", vmin=0, vmax=255, interpolation="nearest")
    axis.set_yticks([row * step + height / 2 for row in range(len(rows))], list(rows))
    axis.set_xticks([])
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
    """Draw images `(H, W, C)` in rows of `columns`, each with a caption; without any, the title."""
    rows = -(-len(images) // columns)
    if not rows:
        return _draw_text(title, path)
    size = (1.15 * columns, 1.5 * rows + 0.4)
    figure, axes = plt.subplots(rows, columns, figsize=size, squeeze=False)
    figure.suptitle(title, y=1 - 0.1 / size[1], va="top")
    cells: list[Any] = list(axes.flat)
    for axis in cells:
        axis.axis("off")
    for axis, image, caption in zip(cells, images, captions, strict=False):
        shown = image[:, :, 0] if image.shape[2] == 1 else image
        axis.imshow(shown, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
        axis.set_title(caption, fontsize=6.5)
    figure.tight_layout(rect=(0, 0, 1, 1 - 0.3 / size[1]))  # otherwise a tall one covers its title
    save(figure, path)


def _draw_text(text: str, path: Path) -> None:
    figure = plt.figure(figsize=(4, 0.6))
    figure.text(0.5, 0.5, text, ha="center", va="center")
    save(figure, path)
