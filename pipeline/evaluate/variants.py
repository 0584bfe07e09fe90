"""Test examples that are evaluated in corrupted versions too."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from pipeline.dataset.arrays import Float32, Keys, Rows
from pipeline.dataset.randomness import id_keys, uniform
from pipeline.modalities.protocols.encode import Inputs
from pipeline.modalities.protocols.stress import Stress
from pipeline.targets.protocols.judging import Stressed, Variant

Corrupt = Callable[[Rows, Keys, str, int], Inputs]
"""Inputs of some rows of the test split, with their keys, in a variant."""


def stress_model(
    answer: Callable[[Inputs], Float32],
    stress: Stress,
    inputs: Inputs,
    ids: Sequence[str],
    most: int,
    corrupt: Corrupt | None = None,
) -> Stressed:
    """Outputs of a model for up to `most` examples as they are, then in each of its variants.

    `answer` gives outputs for inputs, which are a shard's columns, `(N, ...)` each. `corrupt` makes
    those of a variant where the modality cannot make them of inputs.
    """
    rows = choose(ids, most if stress.VARIANTS else 0)
    chosen = {name: column[rows] for name, column in inputs.items()}
    keys = id_keys(ids[row] for row in rows)

    def variants() -> Iterator[Variant]:
        yield Variant("none", 0, answer(chosen))
        for name, strength in stress.VARIANTS:
            made = (
                corrupt(rows, keys, name, strength)
                if corrupt
                else stress.corrupt(chosen, keys, name, strength)
            )
            yield Variant(name, strength, answer(made))

    return Stressed(rows, variants())


def choose(ids: Sequence[str], most: int) -> Rows:
    """Rows of up to `most` examples, in order, chosen by a hash of their ids."""
    draw = uniform(id_keys(ids), 0, "corrupted examples")
    return np.sort(np.argsort(draw, kind="stable")[:most]).astype(np.int64)
