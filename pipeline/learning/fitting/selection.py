"""Selects the epoch of a run to keep."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from pipeline.learning.batches import Examples
from pipeline.learning.device import Device
from pipeline.learning.fitting.ranks import Ranks
from pipeline.learning.inference import predict
from pipeline.targets.protocols.loss import Loss

History = Sequence[dict[str, float]]
"""One row per epoch."""


def score_epoch(
    network: nn.Module,
    examples: Examples,
    loss: Loss,
    settings: Any,
    device: Device,
    ranks: Ranks,
) -> dict[str, float]:
    """Figures of the loss on the validation examples, with the prefix `val_`; each rank computes
    the outputs of a part. `settings` are those of the loss."""
    begin, end = ranks.share.part(0, examples.num)
    inputs = {name: values[begin:end] for name, values in examples.inputs.items()}
    part = torch.from_numpy(predict(network, inputs, device))
    outputs = ranks.concatenate(part, begin, examples.num, device)
    figures = loss.validate(outputs, examples.y, settings)
    return ranks.from_first({f"val_{name}": figures[name] for name in figures}, device)


def is_best(history: History, loss: Loss) -> bool:
    """Whether the last epoch is better than all before."""
    scores = [loss.score(row) for row in history]
    return all(scores[-1] > earlier for earlier in scores[:-1])


def should_stop(history: History, best_epoch: int, patience: int) -> bool:
    return len(history) - best_epoch >= patience
