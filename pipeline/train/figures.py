"""The picture of a training."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib.pyplot as plt
from matplotlib.ticker import MaxNLocator

from pipeline.reporting.figures import BLUE, GREY, ORANGE, save


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
