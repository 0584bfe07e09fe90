"""Answers of a model, for people and as JSON."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pipeline.targets.numbers.measures.scale import from_y

if TYPE_CHECKING:
    from pipeline.targets.protocols.labels import TargetIndex

DIGITS = 6  # significant digits: more would be noise


def answer(probabilities: NDArray[np.float64], index: "TargetIndex") -> dict[str, Any]:
    """The number in the units of the source, from outputs `(1,)`."""
    return {"number": float(answer_words(probabilities, index)[0])}


def answer_words(probabilities: NDArray[np.float64], index: "TargetIndex") -> list[str]:
    return [f"{float(from_y(probabilities, index)[0]):.{DIGITS}g}"]
