"""A network that fits itself is scored like any other, in a history of one row."""

import numpy as np
import torch
from torch import nn

from pipeline.dataset.shards.reader import ShardReader
from pipeline.learning.device import Device
from pipeline.targets.classes.loss import interface as loss
from pipeline.train.alone import fit_itself, fits_itself
from tests.support.shards import write_learnable

CPU = Device("cpu", bf16=False)


class NearestMean(nn.Module):
    """Says of an image the class whose mean brightness it is nearest to."""

    means: torch.Tensor

    def __init__(self, num_outputs: int) -> None:
        super().__init__()
        self.register_buffer("means", torch.zeros(num_outputs))

    def fit(self, reader: ShardReader, losses: object, seed: int) -> None:
        inputs, y, _ = reader.read_rows("train", 0)
        brightness = inputs["x"].mean((1, 2, 3))
        means = [brightness[y == code].mean() for code in range(len(self.means))]
        self.means.copy_(torch.from_numpy(np.array(means)))

    def forward(self, inputs: dict) -> torch.Tensor:
        brightness = inputs["x"].float().mean((1, 2, 3))
        return -(brightness[:, None] - self.means).abs()


def test_it_is_fitted_once_and_scored_on_train_and_validation(tmp_path):
    write_learnable(tmp_path, ["cat", "dog", "hen"])
    network = NearestMean(3)
    assert fits_itself(network)
    assert not fits_itself(nn.Linear(2, 2))
    fitted = fit_itself(network, ShardReader(tmp_path), loss, None, CPU, seed=0)
    [row] = fitted.history
    assert list(row) == ["epoch", "lr", "train_loss", "train_accuracy", "val_loss", "val_accuracy"]
    assert (row["epoch"], row["train_accuracy"], row["val_accuracy"]) == (1, 1.0, 1.0)
    assert (fitted.best_epoch, fitted.num_examples) == (1, 40)
    assert [list(one) for one in fitted.speed] == [["epoch", "num_examples", "seconds"]]
