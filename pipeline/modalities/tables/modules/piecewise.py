"""Numbers as pieces between quantiles of train, embedded one by one.

Gorishniy, Rubachev & Babenko 2022, "On Embeddings for Numerical Features in Tabular Deep Learning",
arXiv 2203.05556: piece t of a number is the share of the way from one quantile to the next that it
covers. The pieces start at zero beside a linear term, so that little data is fitted by a line.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from pipeline.modalities.protocols.encode import Preparation
from pipeline.modalities.tables.modules.inputs import NUMBERS, ScaledNumbers

MAX_PIECES = 16


class PiecewiseEmbedding(nn.Module):
    """Numbers `(N, n)` as embeddings `(N, n, width)`."""

    begin: Tensor
    inverse: Tensor

    def __init__(self, preparation: Preparation, width: int) -> None:
        super().__init__()
        self.scaled = ScaledNumbers(preparation)
        columns = [edges_of(column["quantiles"]) for column in preparation[NUMBERS]]
        num, most = len(columns), max((len(edges) - 1 for edges in columns), default=0)
        begin, inverse = np.zeros((num, most)), np.zeros((num, most))
        for place, edges in enumerate(columns):
            pieces = len(edges) - 1
            begin[place, :pieces] = edges[:-1]
            inverse[place, :pieces] = (1 / np.diff(edges)).clip(
                max=1e30
            )  # other pieces have no gradient
        # They are in model.json.
        for name, values in (("begin", begin), ("inverse", inverse)):
            self.register_buffer(name, torch.from_numpy(values).float(), persistent=False)
        limit = width**-0.5
        self.weight = nn.Parameter(torch.empty(num, width).uniform_(-limit, limit))
        self.missing = nn.Parameter(torch.zeros(num, width))
        self.bias = nn.Parameter(torch.empty(num, width).uniform_(-limit, limit))
        self.pieces = nn.Parameter(torch.zeros(num, most, width))

    def forward(self, numbers: Tensor) -> Tensor:
        scaled, missing = self.scaled(numbers)
        found = scaled[:, :, None] * self.weight + missing[:, :, None] * self.missing + self.bias
        shares = ((numbers[:, :, None] - self.begin) * self.inverse).clamp(0, 1)
        shares = torch.where(torch.isnan(shares), 0.0, shares)
        together: Tensor = found + torch.einsum("nct,ctw->ncw", shares, self.pieces)
        return together


def edges_of(quantiles: Sequence[float]) -> np.ndarray:
    """Choose at most MAX_PIECES + 1 distinct quantiles, evenly; none if fewer than two."""
    limit = np.finfo(np.float32).max
    in_range = np.asarray(quantiles, np.float64).clip(-limit, limit)
    edges = np.unique(in_range.astype(np.float32)).astype(np.float64)
    if len(edges) > MAX_PIECES + 1:
        edges = edges[np.linspace(0, len(edges) - 1, MAX_PIECES + 1).round().astype(int)]
    return edges if len(edges) > 1 else np.zeros(1)
