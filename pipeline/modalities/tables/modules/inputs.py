"""Inputs of a network for rows of a table: numbers scaled, missing ones marked, categories coded.

A shard has `numbers`, float32 `(N, n)` with NaN for missing, and `categories`, int32 `(N, m)`: 0
for a value that train lacked, 1 for missing, from 2 on the values of the preparation. A column of
width zero is left out.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from pipeline.modalities.protocols.encode import Preparation
from pipeline.modalities.protocols.network import Batch

NUMBERS, CATEGORIES = "numbers", "categories"
FIRST_VALUE = 2
"""The code of a category's first value."""
FARTHEST = 10.0  # standard deviations: values beyond are clipped


def num_codes(category: Mapping[str, Any]) -> int:
    return FIRST_VALUE + len(category["values"])


class ScaledNumbers(nn.Module):
    """Numbers in standard deviations of train, 0 where missing, and whether each is missing."""

    mean: Tensor
    scale: Tensor

    def __init__(self, preparation: Preparation) -> None:
        super().__init__()
        columns = preparation[NUMBERS]
        self.width = len(columns)
        mean = torch.tensor([column["mean"] for column in columns], dtype=torch.float64)
        std = torch.tensor([column["std"] for column in columns], dtype=torch.float64)
        # They are in model.json. A constant has no deviation to scale to one.
        limit = torch.finfo(torch.float32).max
        self.register_buffer("mean", mean.clamp(-limit, limit).float(), persistent=False)
        scale = torch.where(std > 0, 1 / std.clamp(min=1e-30), 1.0).float()
        self.register_buffer("scale", scale, persistent=False)

    def forward(self, numbers: Tensor) -> tuple[Tensor, Tensor]:
        """Both `(N, n)`, float32."""
        missing = torch.isnan(numbers)
        scaled = ((numbers - self.mean) * self.scale).clamp(-FARTHEST, FARTHEST)
        # Differences of numbers near the limits of float32 may not be finite.
        return torch.where(torch.isnan(scaled), 0.0, scaled), missing.float()


class Codes(nn.Module):
    """Numbers the codes of all columns together; a code that is too large is unknown."""

    first: Tensor
    sizes: Tensor

    def __init__(self, preparation: Preparation) -> None:
        super().__init__()
        sizes = [num_codes(category) for category in preparation[CATEGORIES]]
        self.width, self.total = len(sizes), sum(sizes)
        self.register_buffer("sizes", torch.tensor(sizes, dtype=torch.int64), persistent=False)
        first = [sum(sizes[:place]) for place in range(len(sizes))]
        self.register_buffer("first", torch.tensor(first, dtype=torch.int64), persistent=False)

    def forward(self, categories: Tensor) -> Tensor:
        """`(N, m)`, int64, from 0 to the total."""
        codes = categories.long()
        known = (codes >= 0) & (codes < self.sizes)
        return torch.where(known, codes, 0) + self.first


class FlatInputs(nn.Module):
    """Concatenates all columns of a row: numbers, whether they are missing, and each category
    one-hot (`embedded` 0) or as a learnt vector of `embedded` numbers."""

    def __init__(self, preparation: Preparation, embedded: int = 0) -> None:
        super().__init__()
        self.numbers, self.codes = ScaledNumbers(preparation), Codes(preparation)
        self.width = 2 * self.numbers.width
        self.embedding: nn.Embedding | None = None
        if embedded and self.codes.width:
            self.embedding = embedding_of(self.codes, embedded)
            self.width += embedded * self.codes.width
        else:
            self.width += self.codes.total

    def forward(self, inputs: Batch) -> Tensor:
        """`(N, width)`, float32."""
        parts = list(self.numbers(inputs[NUMBERS])) if self.numbers.width else []
        if self.codes.width:
            codes = self.codes(inputs[CATEGORIES])
            if self.embedding is not None:
                parts.append(self.embedding(codes).flatten(1))
            else:
                hot = torch.zeros(codes.shape[0], self.codes.total, device=codes.device)
                parts.append(hot.scatter_(1, codes, 1.0))
        return torch.cat(parts, 1)


def embedding_of(codes: Codes, width: int) -> nn.Embedding:
    """A vector for each value; that of unknown values, which training never sees, is zero."""
    embedding = nn.Embedding(codes.total, width)
    with torch.no_grad():
        embedding.weight.mul_(width**-0.5)
        embedding.weight[codes.first] = 0.0
    return embedding
