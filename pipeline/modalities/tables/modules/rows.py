"""Rows for a network that fits itself."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

Losses = Callable[[Tensor, Tensor], Tensor]
"""The loss of each row, `(N,)`, of outputs `(N, K)` and y."""
ROWS_AT_ONCE = 1 << 16


class FittedRows(NamedTuple):
    """N rows of shards with their labels."""

    inputs: dict[str, Tensor]
    y: Tensor
    """Integers are int64, other numbers float32."""
    weights: Tensor
    """Share of each in the loss, `(N,)`."""

    @property
    def num(self) -> int:
        return len(self.weights)

    def blocks(self) -> Iterator["FittedRows"]:
        """Yield blocks of rows in order, of a size that fits in memory."""
        for start in range(0, self.num, ROWS_AT_ONCE):
            some = slice(start, start + ROWS_AT_ONCE)
            inputs = {name: values[some] for name, values in self.inputs.items()}
            yield FittedRows(inputs, self.y[some], self.weights[some])


def read_rows(reader: Any, split: str) -> FittedRows:
    """Read the originals of a split with a ShardReader."""
    inputs, y, weights = reader.read_rows(split, 0)
    labels = torch.from_numpy(y)
    return FittedRows(
        {name: torch.from_numpy(values) for name, values in inputs.items()},
        labels.float() if labels.is_floating_point() else labels.long(),
        torch.from_numpy(weights).float(),
    )


def mean_loss(network: nn.Module, rows: FittedRows, losses: Losses) -> float:
    """The mean loss of at least one row, unweighted like validation."""
    total = 0.0
    with torch.no_grad():
        for block in rows.blocks():
            total += float(losses(network(block.inputs), block.y).double().sum())
    return total / rows.num
