"""How to train, and the schedule of the learning rate."""

import math
from dataclasses import dataclass

WARMUP_FRACTION = 0.05  # of all steps, in which the learning rate rises from zero


@dataclass(frozen=True)
class Recipe:
    """How to train; see pipeline/train/params.py for the meaning of each value.

    It has nothing that is only for one modality or target: see settings of networks and losses.
    """

    optimizer: str
    lr: float
    batch_size: int
    epochs: int
    schedule: str
    weight_decay: float
    patience: int
    seed: int
    finetune: str = "all"
    """The part of the network that is trained; see finetuning.py."""
    layer_decay: float = 1.0
    deterministic: bool = False
    """Whether a GPU must give the same bits every time, which costs speed; a CPU always does."""


def schedule(name: str, done: float, one_step: float) -> float:
    """Factor of the learning rate, 0 to 1, after a fraction `done` of all steps."""
    if done < WARMUP_FRACTION:
        return (done + one_step) / (WARMUP_FRACTION + one_step)
    after = (done - WARMUP_FRACTION) / (1 - WARMUP_FRACTION)
    if name == "cosine":
        return (1 + math.cos(math.pi * after)) / 2
    return 1 - after if name == "linear" else 1.0
