"""Pictures for people: drawn without a display, the same bytes for the same numbers."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from numpy.typing import NDArray

matplotlib.use("agg")

import matplotlib.pyplot as plt
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

plt.rcParams.update(
    {
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "grid.alpha": 0.25,
        "figure.dpi": 110,
        "font.size": 9,
        "legend.frameon": False,
        "text.parse_math": False,  # class names may hold dollars
    }
)
BLUE, ORANGE, GREY = "#2a6f97", "#e07a1f", "#8a8a8a"


def save(figure: Figure, path: Path) -> None:
    # No version of matplotlib in the file: it would differ between machines for nothing.
    figure.savefig(path, format="png", bbox_inches="tight", metadata={"Software": None})
    plt.close(figure)


def training_curves(history: Sequence[dict[str, float]], best_epoch: int, path: Path) -> None:
    """Loss and accuracy of training and validation by epoch, the best epoch marked."""
    epochs = [row["epoch"] for row in history]
    figure, axes = plt.subplots(1, 2, figsize=(8, 3))
    for axis, name in zip(axes, ("loss", "accuracy"), strict=True):
        for split, colour in (("train", GREY), ("val", BLUE)):
            values = [row[f"{split}_{name}"] for row in history]
            axis.plot(epochs, values, color=colour, marker=".", label=split)
        axis.axvline(best_epoch, color=ORANGE, linestyle="--", linewidth=1, label="best epoch")
        axis.set(xlabel="epoch", title=name)
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes[0].legend()
    save(figure, path)


def confusion(
    matrix: NDArray[np.int64],
    classes: Sequence[str],
    path: Path,
    *,
    rows: str = "true",
    columns: str = "predicted",
) -> None:
    """Counts by class of row and of column, shape `(K, K)`, shaded by the share of the row."""
    num = len(classes)
    side = min(12.0, 2.2 + 0.42 * num)
    figure, axis = plt.subplots(figsize=(side, side))
    share = matrix / matrix.sum(1, keepdims=True).clip(1)
    axis.imshow(share, cmap="Blues", vmin=0, vmax=1)
    axis.grid(False)
    axis.set(xlabel=columns, ylabel=rows)
    if num <= 40:
        axis.set_xticks(range(num), classes, rotation=45, ha="right")
        axis.set_yticks(range(num), classes)
        for row, column in zip(*np.nonzero(matrix), strict=True):
            ink = "white" if share[row, column] > 0.5 else "black"
            text = str(matrix[row, column])
            axis.text(column, row, text, ha="center", va="center", color=ink, fontsize=7)
    save(figure, path)


def contact_sheet(rows: dict[str, NDArray[np.uint8]], path: Path) -> None:
    """Images `(N, H, W, C)`, all of one shape, in a row under each name; N may differ."""
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
    """Images `(H, W, C)` in rows of `columns`, each with a caption; without any, the title."""
    rows = -(-len(images) // columns)
    if not rows:
        figure = plt.figure(figsize=(4, 0.6))
        figure.text(0.5, 0.5, title, ha="center", va="center")
        return save(figure, path)
    size = (1.15 * columns, 1.4 * rows + 0.4)
    figure, axes = plt.subplots(rows, columns, figsize=size, squeeze=False)
    figure.suptitle(title, y=1 - 0.1 / size[1], va="top")
    cells: list[Any] = list(axes.flat)
    for axis in cells:
        axis.axis("off")
    for axis, image, caption in zip(cells, images, captions, strict=False):
        shown = image[:, :, 0] if image.shape[2] == 1 else image
        axis.imshow(shown, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
        axis.set_title(caption, fontsize=6.5)
    figure.tight_layout(rect=(0, 0, 1, 1 - 0.3 / size[1]))  # else a tall one covers its title
    save(figure, path)
