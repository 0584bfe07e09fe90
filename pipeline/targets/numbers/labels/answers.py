"""What a model says of an example, for people and as JSON."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pipeline.targets.numbers.measures.scale import from_y

if TYPE_CHECKING:
    from pipeline.targets.protocols.labels import TargetIndex

DIGITS = 6  # significant ones: more would be noise
JUDGED_BY: tuple[str, float | None] = ("mean absolute error", None)
"""See `Answers` in targets/opening.py, as for the functions below."""


def answer(probabilities: NDArray[np.float64], index: "TargetIndex") -> dict[str, Any]:
    """The number in the units of the source, from outputs `(1,)`, with its interval where the index
    has what `calibration` found: `low`, `high`, and `level`, the share that such intervals hold.
    """
    answer = {"number": _in_units(probabilities[0], index)}
    if (half := index.get("interval_half_width")) is not None:
        answer["low"] = _in_units(probabilities[0] - half, index)
        answer["high"] = _in_units(probabilities[0] + half, index)
        answer["level"] = index["interval_level"]
    return answer


def error(answer: Mapping[str, Any], label: str) -> float | None:
    """The distance, in the units of the source; None where the label is no finite number."""
    try:
        distance = abs(float(answer["number"]) - float(label))
    except ValueError:
        return None
    return distance if np.isfinite(distance) else None


def answer_words(probabilities: NDArray[np.float64], index: "TargetIndex") -> list[str]:
    said = answer(probabilities, index)
    words = [f"{said['number']:.{DIGITS}g}"]
    if "level" in said:
        low, high = (f"{said[end]:.{DIGITS}g}" for end in ("low", "high"))
        words.append(f"{low} to {high} ({said['level']:.0%})")
    return words


def _in_units(y: float, index: "TargetIndex") -> float:
    return float(f"{float(from_y(np.array([y]), index)[0]):.{DIGITS}g}")


def in_words(index: "TargetIndex") -> tuple[str, str]:
    """What the model answers with, and an example of a label."""
    return "numbers", "12.5"


def as_label(value: Any) -> Any:
    """Return a number as a text; of other values only texts are labels."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    try:
        return repr(float(value))
    except OverflowError:  # a whole number of more than 308 digits
        return value
