"""Pictures of a training."""

from pathlib import Path

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from pipeline.reporting.figures import BLUE, GREY, ORANGE, legend_below, save
from pipeline.targets.protocols.card import TableRows


def training_curves(history: TableRows, best_epoch: int, path: Path) -> None:
    """Draw loss and other figures of training and validation by epoch; the best epoch is marked.

    `history` has columns `train_<name>` and `val_<name>`, loss first.
    """
    epochs = [row["epoch"] for row in history]
    names = [name.removeprefix("val_") for name in history[0] if name.startswith("val_")]
    figure, grid = plt.subplots(1, len(names), figsize=(4 * len(names), 3), squeeze=False)
    axes: list[Axes] = list(grid.flat)
    for axis, name in zip(axes, names, strict=True):
        for split, colour in (("train", GREY), ("val", BLUE)):
            if f"{split}_{name}" not in history[0]:
                continue
            values = [row[f"{split}_{name}"] for row in history]
            axis.plot(epochs, values, color=colour, marker=".", label=split)
        axis.axvline(best_epoch, color=ORANGE, linestyle="--", linewidth=1, label="best epoch")
        axis.set(xlabel="epoch", title=name)
        axis.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    legend_below(axes[0])
    save(figure, path)
