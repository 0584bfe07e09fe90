"""Pictures for people: drawn without a display, the same bytes for the same numbers."""

from pathlib import Path

import matplotlib

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
        "text.parse_math": False,  # names may hold dollars
    }
)
BLUE, ORANGE, GREY = "#2a6f97", "#e07a1f", "#8a8a8a"


def save(figure: Figure, path: Path) -> None:
    # No version of matplotlib in the file: it would differ between machines for nothing.
    figure.savefig(path, format="png", bbox_inches="tight", metadata={"Software": None})
    plt.close(figure)
