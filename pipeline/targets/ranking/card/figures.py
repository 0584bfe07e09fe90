"""Pictures of an evaluation of rankings."""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from pipeline.reporting.figures import BLUE, GREY, save
from pipeline.targets.protocols.card import TableRows

NAME_LENGTH = 40


def places(rows: TableRows, num_events: int, path: Path) -> None:
    """The share of test events whose item is among the first so many."""
    figure, axis = plt.subplots(figsize=(5, 3))
    counts = np.cumsum([row["count"] for row in rows]) / max(1, num_events)
    axis.plot([row["place"] for row in rows], counts, color=BLUE)
    for cut in (10, 20):
        axis.axvline(cut, color=GREY, linestyle="--", linewidth=1)
    axis.set(xlabel="first items of the list", ylabel="share of events", ylim=(0, None))
    save(figure, path)


def parts(rows: TableRows, name: str, path: Path) -> None:
    """NDCG on each part; that of all, the first, as a line through all."""
    figure, axis = plt.subplots(figsize=(6, 0.9 + 0.24 * len(rows)))
    at = np.arange(len(rows))[::-1]
    value = np.array([row["ndcg_10"] for row in rows])
    low = value - [row["low"] for row in rows]
    high = np.array([row["high"] for row in rows]) - value
    axis.axvline(value[0], color=GREY, linestyle="--", linewidth=1)
    reach = np.stack([low, high]).clip(0)
    axis.errorbar(value, at, xerr=reach, fmt="o", color=BLUE, markersize=4, linewidth=1)
    names = [str(row[name])[:NAME_LENGTH] for row in rows]
    axis.set_yticks(at, [f"{one} ({row['count']:,})" for one, row in zip(names, rows, strict=True)])
    axis.set(xlabel="NDCG@10, with 95 % intervals", ylim=(-0.6, len(rows) - 0.4))
    save(figure, path)
