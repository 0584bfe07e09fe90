"""Contributions of named inputs to the answers of a model.

Three views, none of which is causal: permutation importance (Breiman 2001), how much worse the
model gets when the values of an input are permuted among examples; partial dependence (Friedman
2001), its average answer if an input had one value in all examples; and, for one example, its
answer if an input, or a part of the content such as a word, were missing. Redundant inputs share
their contribution, and combinations of values that never occur are evaluated too.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.dataset.arrays import Float32, Float64
from pipeline.dataset.randomness import uniform
from pipeline.modalities.protocols.encode import Inputs, Preparation

NUMBERS, CATEGORIES = "numbers", "categories"
MISSING_CODE = 1
FIRST_CODE = 2
"""Code of the first value of a category in the preparation; 0 is for values not in train."""
NUM_REPEATS = 3
NUM_POINTS = 11
MAX_VALUES = 10

Answer = Callable[[Inputs], Float32]


class Input(NamedTuple):
    """An input of rows that has a name."""

    name: str
    column: str
    """`numbers` or `categories`, a column of a shard, `(N, ...)`."""
    place: int
    values: Sequence[Any]
    """Quantiles of a number or values of a category, from the preparation."""


def named_inputs(preparation: Preparation) -> list[Input]:
    """The inputs that a preparation names; empty if inputs have no names in the modality."""
    return [
        Input(about["name"], column, place, about.get("quantiles", about.get("values", ())))
        for column in (NUMBERS, CATEGORIES)
        if isinstance(preparation.get(column), list)
        for place, about in enumerate(preparation[column])
    ]


def with_values(inputs: Inputs, which: Input, values: NDArray | float) -> Inputs:
    """Replace the values of one input."""
    column = inputs[which.column].copy()
    column[:, which.place] = values
    return {**inputs, which.column: column}


def permutation_importance(
    answer: Answer, inputs: Inputs, which: Input, loss: Callable[[Float32], float], seed: int = 0
) -> list[float]:
    """The growth of the loss of N examples in each permutation of the values of one input.

    Args:
        loss: gives the loss of outputs, `(N, K)`, on these examples.
    """
    values = inputs[which.column][:, which.place]
    before = loss(answer(inputs))
    keys = np.arange(len(values), dtype=np.uint64)
    grown = []
    for repeat in range(NUM_REPEATS):
        order = np.argsort(uniform(keys, seed, f"permute {which.name} {repeat}"), kind="stable")
        grown.append(loss(answer(with_values(inputs, which, values[order]))) - before)
    return grown


def points_of(which: Input) -> list[tuple[str, float]]:
    """Values of an input at which to evaluate the model, with a name for each."""
    if which.column == NUMBERS:
        quantiles = np.array(which.values, np.float64)
        if not len(quantiles):
            return []
        places = np.unique(np.linspace(0, len(quantiles) - 1, NUM_POINTS).round().astype(int))
        return [(f"{value:.6g}", float(value)) for value in quantiles[places]]
    return [(str(text), FIRST_CODE + code) for code, text in enumerate(which.values[:MAX_VALUES])]


def partial_dependence(
    answer: Callable[[Inputs], Float64], inputs: Inputs, which: Input
) -> list[tuple[str, Float64]]:
    """The mean answer, `(K,)`, over all examples with one value of an input, by value."""
    return [
        (name, answer(with_values(inputs, which, value)).mean(0))
        for name, value in points_of(which)
    ]


def without_each(
    answer: Callable[[Inputs], Float64], inputs: Inputs, named: Sequence[Input]
) -> Mapping[str, Float64]:
    """The answers for N examples with one input missing, `(N, K)`, by its name."""
    missing = {NUMBERS: np.nan, CATEGORIES: MISSING_CODE}
    return {
        which.name: answer(with_values(inputs, which, missing[which.column])) for which in named
    }


def without_parts(
    answer: Callable[[Mapping[str, Sequence[Any]]], Float64],
    parts: Sequence[tuple[str, Mapping[str, Any]]],
) -> dict[str, Float64]:
    """Answers for one example without each of its parts, `(K,)`, by the part.

    Args:
        answer: the model's answers to N contents as data/raw has them, `(N, K)`.
        parts: each part with the content without it.
    """
    if not parts:
        return {}
    columns = parts[0][1].keys()
    said = answer({name: [content[name] for _, content in parts] for name in columns})
    return {part: said[row] for row, (part, _) in enumerate(parts)}
