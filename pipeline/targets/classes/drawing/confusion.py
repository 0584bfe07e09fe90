"""Counts by two classes, drawn; for cards and lists."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from numpy.typing import NDArray

from pipeline.reporting.figures import save


def confusion(
    matrix: NDArray[np.int64],
    classes: Sequence[str],
    path: Path,
    *,
    rows: str = "true",
    columns: str = "predicted",
    title: str,
) -> None:
    """Draw counts `(K, K)` by class of row and column, shaded by their share of the row."""
    num = len(classes)
    side = min(12.0, 2.2 + 0.42 * num)
    figure, axis = plt.subplots(figsize=(side, side))
    share = matrix / matrix.sum(1, keepdims=True).clip(1)
    shaded = axis.imshow(share, cmap="Blues", vmin=0, vmax=1)
    scale = figure.colorbar(shaded, ax=axis, fraction=0.046, pad=0.04)
    scale.set_label("share of the row")
    axis.grid(False)
    axis.set(xlabel=columns, ylabel=rows, title=title)
    if num <= 40:
        axis.set_xticks(range(num), classes, rotation=45, ha="right")
        axis.set_yticks(range(num), classes)
        for row, column in zip(*np.nonzero(matrix), strict=True):
            ink = "white" if share[row, column] > 0.5 else "black"
            text = str(matrix[row, column])
            axis.text(column, row, text, ha="center", va="center", color=ink, fontsize=7)
    save(figure, path)
