"""How to train, and what the learning rate is when."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.params import Params

WARMUP_FRACTION = 0.05  # of all steps, in which the learning rate rises from zero


@dataclass(frozen=True)
class Recipe:
    """How to train; see pipeline/params.py for the meaning of each value."""

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
    """What happens to each batch on the device; see device_augment.py."""
    progressive: Sequence[Any] = ()
    """Which epochs see smaller images; see progressive.py."""
    views: str = "original"
    """How images are seen when they are classified; see inference.py."""
    finetune: str = "all"
    """What of the network is trained; see finetuning.py."""
    layer_decay: float = 1.0
    deterministic: bool = False
    """Whether a GPU must give the same bits every time, which costs speed; a CPU always does."""

    @classmethod
    def of(cls, params: Params, seed: int) -> "Recipe":
        """What params.yaml says, with a seed of its own."""
        return cls(
            optimizer=params.optimizer,
            lr=params.lr,
            batch_size=params.batch_size,
            epochs=params.epochs,
            schedule=params.train.schedule,
            weight_decay=params.train.weight_decay,
            label_smoothing=params.train.label_smoothing,
            patience=params.train.patience,
            seed=seed,
            transforms=params.train.transforms,
            progressive=params.train.progressive,
            views=params.train.views,
            finetune=params.train.finetune,
            layer_decay=params.train.layer_decay,
        )


def schedule(name: str, done: float, one_step: float) -> float:
    """Factor of the learning rate when a fraction `done` of all steps is behind, 0 to 1."""
    if done < WARMUP_FRACTION:
        return (done + one_step) / (WARMUP_FRACTION + one_step)
    after = (done - WARMUP_FRACTION) / (1 - WARMUP_FRACTION)
    if name == "cosine":
        return (1 + math.cos(math.pi * after)) / 2
    return 1 - after if name == "linear" else 1.0
