"""The names of targets/protocols/loss.py, for classes: cross-entropy, and accuracy beside it.

Outputs are logits `(N, K)`, y class indices `(N,)`.
"""

from collections.abc import Mapping
from typing import Any

import torch.nn.functional as F
from torch import Tensor

from pipeline.targets.protocols.labels import TargetIndex

COUNTED = ("accuracy",)
SHOWN = "val_accuracy"
MORE_IS_BETTER = True


def problem_in(index: TargetIndex, settings: Any) -> str | None:
    return None


def losses(outputs: Tensor, y: Tensor, settings: Any) -> Tensor:
    """Cross-entropy in nats; `settings` have `label_smoothing`, which is 0 without settings."""
    smoothing = 0.0 if settings is None else settings.label_smoothing
    return F.cross_entropy(outputs, y, reduction="none", label_smoothing=smoothing)


def counted(outputs: Tensor, y: Tensor) -> tuple[Tensor]:
    """The number of right answers."""
    return ((outputs.argmax(1) == y).float().sum(),)


def validate(outputs: Tensor, y: Tensor, settings: Any) -> dict[str, float]:
    """Loss and accuracy, without label smoothing."""
    return {
        "loss": float(F.cross_entropy(outputs, y)),
        "accuracy": float((outputs.argmax(1) == y).double().mean()),
    }


def score(row: Mapping[str, float]) -> tuple[float, float]:
    """Higher accuracy is better, and with equal accuracy lower loss."""
    return row["val_accuracy"], -row["val_loss"]
