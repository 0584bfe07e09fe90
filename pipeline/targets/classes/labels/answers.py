"""Answers of a model, for people and as JSON; free of Arrow, for servers."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from pipeline.targets.protocols.labels import TargetIndex

JUDGED_BY: tuple[str, float | None] = ("accuracy", 0.5)
"""See `Answers` in targets/opening.py, as for the functions below."""


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


def error(answer: Mapping[str, Any], label: str) -> float | None:
    """0 where the answer is the label, else 1."""
    return float(next(iter(answer.values())) != label)


def answer_words(probabilities: NDArray[np.float64], index: "TargetIndex") -> list[str]:
    best = int(probabilities.argmax())
    return [index["classes"][best], f"{probabilities[best]:.4f}"]


def in_words(index: "TargetIndex") -> tuple[str, str]:
    """What the model chooses from, and an example of a label."""
    return f"{len(index['classes'])} labels", index["classes"][0]


def as_label(value: Any) -> Any:
    """Return the value; only texts are labels."""
    return value
