"""Tables of each named input's contribution, on test; see learning/contributions.py."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray

from pipeline.dataset.arrays import Float32, Float64
from pipeline.dataset.shards.files import Shard
from pipeline.evaluate.variants import choose
from pipeline.learning.batches import make_examples
from pipeline.learning.contributions import (
    Input,
    named_inputs,
    partial_dependence,
    permutation_importance,
)
from pipeline.modalities.protocols.encode import Inputs, Preparation
from pipeline.targets.protocols.loss import Loss

MAX_EXAMPLES = 1000
MAX_INPUTS = 100
NUM_DEPENDENCES = 6

IMPORTANCE = pa.schema(
    [("input", pa.string()), ("loss_grows", pa.float64()), ("spread", pa.float64())]
)
"""The table `importance`: mean and standard deviation over permutations, the largest first."""
DEPENDENCE = pa.schema(
    [
        ("input", pa.string()),
        ("value", pa.string()),
        ("answer", pa.string()),  # a label; empty where the answer is a number
        ("mean", pa.float64()),
    ]
)
"""The table `dependence`: the average answer if all examples had this value."""


def contribution_tables(
    answer: Callable[[Inputs], Float32],
    readable: Callable[[NDArray], Float64],
    preparation: Preparation,
    shard: Shard,
    loss: Loss,
    names: list[str],
) -> dict[str, pa.Table]:
    """`importance` and `dependence`; without rows where inputs have no names.

    Args:
        answer: outputs of the model, `(N, K)`.
        readable: turns outputs into the values people read, `(N, K)`.
        shard: the test split, of which MAX_EXAMPLES are used.
        names: of the K labels; empty where the answer is a number.
    """
    rows = choose(shard.ids, MAX_EXAMPLES)
    inputs = {name: column[rows] for name, column in shard.inputs.items()}
    y = make_examples(inputs, shard.y[rows], np.ones(len(rows), np.float32)).y

    def loss_of(outputs: Float32) -> float:
        return float(loss.validate(torch.from_numpy(outputs), y, None)["loss"])

    named = named_inputs(preparation)[:MAX_INPUTS]
    importance = []
    for which in named:
        grown = permutation_importance(answer, inputs, which, loss_of)
        importance.append((which, float(np.mean(grown)), float(np.std(grown))))
    importance.sort(key=lambda row: -row[1])
    dependence = [
        row
        for which, _, _ in importance[:NUM_DEPENDENCES]
        for row in _dependence(lambda some: readable(answer(some)), inputs, which, names)
    ]
    return {
        "importance": pa.Table.from_pylist(
            [
                {"input": which.name, "loss_grows": mean, "spread": spread}
                for which, mean, spread in importance
            ],
            IMPORTANCE,
        ),
        "dependence": pa.Table.from_pylist(dependence, DEPENDENCE),
    }


def _dependence(
    answer: Callable[[Inputs], Float64], inputs: Inputs, which: Input, names: list[str]
) -> list[dict[str, Any]]:
    return [
        {"input": which.name, "value": value, "answer": name, "mean": float(mean)}
        for value, means in partial_dependence(answer, inputs, which)
        for name, mean in zip(names or [""] * len(means), means, strict=True)
    ]
