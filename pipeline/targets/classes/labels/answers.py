"""Answers of a model, for people and as JSON; free of Arrow, for servers."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from pipeline.targets.protocols.labels import TargetIndex


def answer(probabilities: NDArray[np.float64], index: "TargetIndex") -> dict[str, Any]:
    """The best class, and the probability of each, `(K,)`, to six digits."""
    best = int(probabilities.argmax())
    return {
        "class": index["classes"][best],
        "probability": round(float(probabilities[best]), 6),
        "probabilities": {
            name: round(float(p), 6)
            for name, p in zip(index["classes"], probabilities, strict=True)
        },
    }


def answer_words(probabilities: NDArray[np.float64], index: "TargetIndex") -> list[str]:
    best = int(probabilities.argmax())
    return [index["classes"][best], f"{probabilities[best]:.4f}"]
