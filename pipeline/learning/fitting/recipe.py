"""How to train, and the schedule of the learning rate."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

WARMUP_FRACTION = 0.05  # of all steps, in which the learning rate rises from zero


@dataclass(frozen=True)
class Recipe:
    """How to train; see pipeline/train/params.py for the meaning of each value."""

    optimizer: str
    lr: float
    batch_size: int
    epochs: int
    schedule: str
    weight_decay: float
    label_smoothing: float
    patience: int
    seed: int
    transforms: Sequence[Any] = ()
    """Applied to each batch on the device; see on_device.py."""
    progressive: Sequence[Any] = ()
    """Which epochs see smaller images; see on_device.py."""
    views: str = "original"
    """How images are seen when they are classified; see inference.py."""
    finetune: str = "all"
    """The part of the network that is trained; see finetuning.py."""
    layer_decay: float = 1.0
    deterministic: bool = False
    """Whether a GPU must give the same bits every time, which costs speed; a CPU always does."""


def schedule(name: str, done: float, one_step: float) -> float:
    """Factor of the learning rate when a fraction `done` of all steps is behind, 0 to 1."""
    if done < WARMUP_FRACTION:
        return (done + one_step) / (WARMUP_FRACTION + one_step)
    after = (done - WARMUP_FRACTION) / (1 - WARMUP_FRACTION)
    if name == "cosine":
        return (1 + math.cos(math.pi * after)) / 2
    return 1 - after if name == "linear" else 1.0
