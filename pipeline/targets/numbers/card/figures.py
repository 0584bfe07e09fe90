"""Pictures of an evaluation of numbers."""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from pipeline.reporting.figures import BLUE, GREY, ORANGE, save
from pipeline.targets.protocols.card import TableRows

NAME_LENGTH = 40


def predicted(points: TableRows, level: float, path: Path) -> None:
    """Predicted against right numbers, with the interval of each prediction."""
    figure, axis = plt.subplots(figsize=(4.6, 4.6))
    order = sorted(points, key=lambda row: row["predicted"])
    x = [row["predicted"] for row in order]
    low, high = ([row[end] for row in order] for end in ("low", "high"))
    ends = [min(x), max(x)]
    axis.fill_between(
        x, low, high, color=ORANGE, alpha=0.2, linewidth=0, label=f"{level:.0%} interval"
    )
    axis.plot(ends, ends, color=GREY, linestyle="--", linewidth=1, label="perfect")
    axis.scatter(x, [row["target"] for row in order], s=9, color=BLUE, alpha=0.5, linewidth=0)
    axis.set(xlabel="predicted", ylabel="right")
    axis.legend(loc="upper left")
    save(figure, path)


def residuals(points: TableRows, path: Path) -> None:
    """Draw errors, predicted less right, by prediction and as a histogram."""
    errors = np.array([row["predicted"] - row["target"] for row in points])
    figure, (by_size, counts) = plt.subplots(
        1, 2, figsize=(7.5, 3), sharey=True, width_ratios=[2, 1]
    )
    by_size.axhline(0, color=GREY, linestyle="--", linewidth=1)
    x = [row["predicted"] for row in points]
    by_size.scatter(x, errors, s=9, color=BLUE, alpha=0.5, linewidth=0)
    by_size.set(xlabel="predicted", ylabel="predicted less right")
    counts.hist(errors, bins=30, orientation="horizontal", color=BLUE)
    counts.set(xlabel="test examples")
    save(figure, path)


def coverage(bins: TableRows, level: float, path: Path) -> None:
    """Draw the share of right numbers within their intervals, by prediction."""
    figure, axis = plt.subplots(figsize=(5, 3))
    axis.axhline(level, color=GREY, linestyle="--", linewidth=1, label=f"meant: {level:.0%}")
    x, share = ([row[name] for row in bins] for name in ("predicted", "coverage"))
    low = [row["coverage"] - row["coverage_low"] for row in bins]
    high = [row["coverage_high"] - row["coverage"] for row in bins]
    reach = np.array([low, high]).clip(0)
    axis.errorbar(x, share, yerr=reach, fmt="o", color=BLUE, markersize=4, linewidth=1)
    axis.set(xlabel="predicted", ylabel="within the interval", ylim=(0, 1.03))
    axis.legend(loc="lower left")
    save(figure, path)


def slices(rows: TableRows, path: Path) -> None:
    """The error on each slice; that of all examples, the first, as a line through all."""
    figure, axis = plt.subplots(figsize=(6, 0.9 + 0.24 * len(rows)))
    places = np.arange(len(rows))[::-1]
    mae = np.array([row["mae"] for row in rows])
    low = mae - [row["low"] for row in rows]
    high = np.array([row["high"] for row in rows]) - mae
    axis.axvline(mae[0], color=GREY, linestyle="--", linewidth=1)
    reach = np.stack([low, high]).clip(0)
    axis.errorbar(mae, places, xerr=reach, fmt="o", color=BLUE, markersize=4, linewidth=1)
    axis.set_yticks(places, [f"{_short(row['slice'])} ({row['count']:,})" for row in rows])
    axis.set(xlabel="mean absolute error, with 95 % intervals", ylim=(-0.6, len(rows) - 0.4))
    save(figure, path)


def robustness(rows: TableRows, path: Path) -> None:
    """The error by strength of each corruption, a line each."""
    plain, corrupted = rows[0], rows[1:]
    figure, axis = plt.subplots(figsize=(6, 3.4))
    for name in dict.fromkeys(row["corruption"] for row in corrupted):
        points = [plain, *(row for row in corrupted if row["corruption"] == name)]
        strengths = [row["strength"] for row in points]
        axis.plot(strengths, [row["mae"] for row in points], marker="o", markersize=3, label=name)
    axis.set(xlabel="strength", ylabel="mean absolute error")
    axis.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    save(figure, path)


def _short(name: str) -> str:
    return name if len(name) <= NAME_LENGTH else name[: NAME_LENGTH - 1] + "…"
