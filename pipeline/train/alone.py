"""A network that fits itself, without a loop: a history of one row."""

import time
from typing import Any

import torch
from torch import Tensor, nn

from pipeline.dataset.shards.reader import ShardReader
from pipeline.learning.batches import make_examples
from pipeline.learning.device import Device
from pipeline.learning.fitting.loop import Fit
from pipeline.learning.inference import predict
from pipeline.targets.protocols.loss import Loss


def fits_itself(network: nn.Module) -> bool:
    return hasattr(network, "fit")


def fit_itself(
    network: Any, reader: ShardReader, loss: Loss, settings: Any, device: Device, seed: int
) -> Fit:
    """Have the network fit itself, and see how good it is on train and validation.

    `settings` are those of the loss.
    """
    started = time.perf_counter()

    def losses(outputs: Tensor, y: Tensor) -> Tensor:
        return loss.losses(outputs, y, settings)

    network.fit(reader, losses, seed)
    seconds = time.perf_counter() - started
    network.to(device.kind)
    num = reader.num_examples("train")
    row: dict[str, float] = {"epoch": 1, "lr": 0.0}
    prefixes = {"train": "train_", "val": "val_"}
    if getattr(network, "leaves_out_seen", False):  # which is all of train
        del prefixes["train"]
    for split, prefix in prefixes.items():
        inputs, y, _ = make_examples(*reader.read_rows(split, 0))
        figures = loss.validate(torch.from_numpy(predict(network, inputs, device)), y, settings)
        row |= {f"{prefix}{name}": value for name, value in figures.items()}
    speed = {"epoch": 1, "num_examples": num, "seconds": seconds}
    return Fit([row], best_epoch=1, speed=[speed], num_examples=num, seconds=seconds)
