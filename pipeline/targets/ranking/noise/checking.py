"""What the label check finds among events: nothing, since what somebody took is not judged."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.dataset.annotations import Codes
from pipeline.dataset.arrays import Float64
from pipeline.targets.protocols.labels import TargetIndex
from pipeline.targets.protocols.noise import Evidence, Reliability


@dataclass(frozen=True)
class ItemCheck:
    """Nothing is suspected."""

    quality: Float64
    is_issue: NDArray[np.bool_]
    is_sure: NDArray[np.bool_]
    proposed: Codes
    confidence: Float64
    noise_rate: float | None
    reliability: Reliability | None


def check_labels(
    learnt: Evidence, tested: Evidence, target: TargetIndex
) -> tuple[ItemCheck, ItemCheck | None]:
    """See protocols/noise.py."""
    found = _unsuspected(learnt)
    return found, _unsuspected(tested) if len(tested.given) else None


def _unsuspected(evidence: Evidence) -> ItemCheck:
    if evidence.outputs is not None and not np.isfinite(evidence.outputs).all():
        raise ValueError("out-of-fold outputs are not finite")
    num = len(evidence.given)
    nothing = np.zeros(num, bool)
    return ItemCheck(
        quality=np.ones(num),
        is_issue=nothing,
        is_sure=nothing,
        proposed=evidence.given.copy(),
        confidence=np.full(num, np.nan),
        noise_rate=0.0,
        reliability=None,
    )
