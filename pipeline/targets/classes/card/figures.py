"""Pictures of an evaluation, and of counts by two classes."""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from pipeline.reporting.figures import BLUE, GREY, ORANGE, legend_below, save
from pipeline.targets.protocols.card import TableRows

NAME_LENGTH = 40


def calibration(
    bins: TableRows, error: float, scaled_bins: TableRows, scaled_error: float, path: Path
) -> None:
    """Accuracy against confidence, before and after temperature scaling.

    The size of a point is its count.
    """
    figure, axis = plt.subplots(figsize=(4, 4))
    axis.plot([0, 1], [0, 1], color=GREY, linestyle="--", linewidth=1, label="perfect")
    as_it_is, scaled = f"as it is, error {error:.4f}", f"scaled, error {scaled_error:.4f}"
    _reliability(axis, bins, BLUE, as_it_is)
    _reliability(axis, scaled_bins, ORANGE, scaled)
    axis.set(xlim=(0, 1.02), ylim=(-0.02, 1.02), xlabel="confidence", ylabel="accuracy")
    axis.set_title("accuracy by confidence, on test")
    legend_below(axis)
    save(figure, path)


def slices(rows: TableRows, path: Path) -> None:
    """Accuracy and interval of each slice; the first, of all examples, as a line through all."""
    height = 0.9 + 0.24 * len(rows)
    figure, axis = plt.subplots(figsize=(6, height))
    places = np.arange(len(rows))[::-1]
    accuracy = np.array([row["accuracy"] for row in rows])
    low = accuracy - [row["low"] for row in rows]
    high = np.array([row["high"] for row in rows]) - accuracy
    axis.axvline(accuracy[0], color=GREY, linestyle="--", linewidth=1)
    reach = np.stack([low, high]).clip(0)
    axis.errorbar(accuracy, places, xerr=reach, fmt="o", color=BLUE, markersize=4, linewidth=1)
    names = [f"{_short(row['slice'])} ({row['count']:,})" for row in rows]
    axis.set_yticks(places, names)
    axis.set(
        xlabel="accuracy, with 95 % intervals",
        ylim=(-0.6, len(rows) - 0.4),
        title="accuracy by slice of test",
    )
    save(figure, path)


def robustness(rows: TableRows, path: Path) -> None:
    """Accuracy by strength of each corruption, in a small picture each."""
    plain, corrupted = rows[:1], rows[1:]
    names = list(dict.fromkeys(row["corruption"] for row in corrupted))
    columns = 4
    num_rows = max(1, -(-len(names) // columns))
    size = (7.5, 1.9 * num_rows)
    figure, grid = plt.subplots(num_rows, columns, figsize=size, sharey=True, squeeze=False)
    axes: list[Axes] = list(grid.flat)
    for axis in axes[len(names) :]:
        axis.axis("off")
    if not names:
        axes[0].set_title("no corruption was tried", loc="left")
    for axis, name in zip(axes, names, strict=False):
        points = [*plain, *(row for row in corrupted if row["corruption"] == name)]
        strengths = [row["strength"] for row in points]
        axis.fill_between(
            strengths,
            [row["low"] for row in points],
            [row["high"] for row in points],
            color=BLUE,
            alpha=0.2,
            linewidth=0,
        )
        axis.plot(
            strengths, [row["accuracy"] for row in points], color=BLUE, marker="o", markersize=3
        )
        axis.set(title=name, ylim=(0, 1.03))
        axis.set_xticks(strengths)
    figure.suptitle("accuracy on corrupted test examples", fontsize=10)
    figure.supxlabel("strength", fontsize=9)
    figure.supylabel("accuracy", fontsize=9)
    figure.tight_layout()
    save(figure, path)


def _reliability(axis: Axes, bins: TableRows, colour: str, name: str) -> None:
    confidence = [row["confidence"] for row in bins]
    accuracy = [row["accuracy"] for row in bins]
    counts = np.array([row["count"] for row in bins])
    sizes = 10 + 120 * counts / counts.max()
    axis.plot(confidence, accuracy, color=colour, linewidth=1, label=name)
    axis.scatter(confidence, accuracy, s=sizes, color=colour, alpha=0.7, linewidth=0)


def _short(name: str) -> str:
    return name if len(name) <= NAME_LENGTH else name[: NAME_LENGTH - 1] + "…"
