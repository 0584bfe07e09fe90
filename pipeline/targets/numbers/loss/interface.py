"""The names of targets/protocols/loss.py, for numbers.

Outputs are `(N, 1)`, in the units of y `(N,)`; see measures/scale.py.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from pipeline.targets.numbers.measures.scale import LOG
from pipeline.targets.protocols.labels import TargetIndex

COUNTED = ("absolute_error",)
SHOWN = "val_loss"
MORE_IS_BETTER = False
MAX_LOG_RATIO = 10.0
"""Beyond it QLIKE continues as a straight line: its exponential would overflow."""


def problem_in(index: TargetIndex, settings: Any) -> str | None:
    if settings.loss == "qlike" and index["scale"] != LOG:
        return (
            "train.loss is qlike, which needs the logarithms of positive numbers, but "
            f"augment.target_scale is {index['scale']}"
        )
    return None


def losses(outputs: Tensor, y: Tensor, settings: Any) -> Tensor:
    """The loss `settings.loss`; squared errors without settings."""
    kind = "squared" if settings is None else settings.loss
    residual = y - outputs[:, 0]
    if kind == "absolute":
        return residual.abs()
    if kind == "quantile":
        return torch.maximum(settings.quantile * residual, (settings.quantile - 1) * residual)
    if kind == "qlike":
        low = residual.clamp(max=MAX_LOG_RATIO)
        return torch.exp(low) * (1 + residual - low) - residual - 1
    return residual.square()


def counted(outputs: Tensor, y: Tensor) -> tuple[Tensor]:
    """The sum of the absolute errors, in units of y."""
    return ((outputs[:, 0] - y).abs().float().sum(),)


def validate(outputs: Tensor, y: Tensor, settings: Any) -> dict[str, float]:
    return {
        "loss": float(losses(outputs, y, settings).double().mean()),
        "absolute_error": float((outputs[:, 0] - y).abs().double().mean()),
    }


def score(row: Mapping[str, float]) -> tuple[float, float]:
    """Lower loss is better, and with equal loss smaller errors."""
    return -row["val_loss"], -row["val_absolute_error"]
