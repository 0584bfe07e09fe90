"""Pairs of numbers, drawn; for cards and lists."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from pipeline.reporting.figures import BLUE, GREY, save


def pairs(
    x: Sequence[float], y: Sequence[float], path: Path, *, x_label: str, y_label: str
) -> None:
    """Draw a point for each pair, and the line of equality."""
    figure, axis = plt.subplots(figsize=(4.2, 4.2))
    both = np.array([*x, *y, *([] if len(x) else [0.0, 1.0])])
    ends = [both.min(), both.max()]
    axis.plot(ends, ends, color=GREY, linestyle="--", linewidth=1)
    axis.scatter(x, y, s=9, color=BLUE, alpha=0.5, linewidth=0)
    axis.set(xlabel=x_label, ylabel=y_label)
    save(figure, path)
