"""Pictures for people: drawn without a display, the same bytes for the same numbers."""

from pathlib import Path

import matplotlib

matplotlib.use("agg")

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
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
MAX_ID = 20  # characters below a small picture


def with_id(caption: str, id: str) -> str:
    """A caption and, on a second line, the end of an example's id, by which people find it."""
    printable = "".join(c if c.isprintable() else " " for c in id)
    shown = printable if len(printable) <= MAX_ID else f"…{printable[1 - MAX_ID :]}"
    return f"{caption}\n{shown}"


def legend_below(axis: Axes) -> None:
    """Draw the legend below a picture, where it covers no point."""
    axis.legend(loc="upper center", bbox_to_anchor=(0.5, -0.18), ncols=3)


def save(figure: Figure, path: Path) -> None:
    # No version of matplotlib in the file: it would differ between machines for nothing.
    figure.savefig(path, format="png", bbox_inches="tight", metadata={"Software": None})
    plt.close(figure)
