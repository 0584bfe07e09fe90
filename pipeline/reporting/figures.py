"""Pictures for people: drawn without a display, the same bytes for the same numbers."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib
import numpy as np
from numpy.typing import NDArray

matplotlib.use("agg")

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

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
