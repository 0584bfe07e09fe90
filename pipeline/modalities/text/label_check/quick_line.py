"""The quick network of the label check: logistic regression of tf-idf, fitted by scikit-learn."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from pipeline.modalities.protocols.encode import Preparation
from pipeline.modalities.text.modules.bags import NGRAMS, ROWS_AT_ONCE, Bags, as_matrix

STRENGTH = 10.0
"""C of scikit-learn."""
ALPHA = 1.0
MOST_STEPS = 200
ABSENT = -20.0
SKETCHED = 128
"""Numbers of a random projection, by which texts are compared (Achlioptas 2003)."""
SHRUNK = 1e-3
"""The weight of the outputs beside them, which then hardly count for how near two texts are."""


class QuickLine(nn.Module):
    """Outputs of a line, and a projection of the text beside them."""

    weight: Tensor
    bias: Tensor
    signs: Tensor

    def __init__(self, preparation: Preparation, outputs: int) -> None:
        super().__init__()
        self.rows_at_once = ROWS_AT_ONCE
        self.bags = Bags(preparation)
        self.register_buffer("weight", torch.zeros(self.bags.buckets, outputs))
        self.register_buffer("bias", torch.zeros(outputs))
        random = np.random.Generator(np.random.PCG64(0))
        signs = random.integers(0, 2, (self.bags.buckets, SKETCHED), np.int8) * 2 - 1
        self.register_buffer("signs", torch.from_numpy(signs), persistent=False)

    def embed(self, inputs: Mapping[str, Tensor]) -> Tensor:
        ids, weights = self.bags(inputs)
        outputs = torch.einsum("nlk,nl->nk", self.weight[ids], weights) + self.bias
        sketch = torch.einsum("nlk,nl->nk", self.signs[ids].float(), weights)
        return torch.cat([sketch, outputs * SHRUNK], 1)

    def read_out(self, embeddings: Tensor) -> Tensor:
        return embeddings[:, SKETCHED:] / SHRUNK

    def forward(self, inputs: Mapping[str, Tensor]) -> Tensor:
        return self.read_out(self.embed(inputs))

    def fit(self, inputs: Mapping[str, NDArray], y: NDArray[Any]) -> None:
        ids = inputs[NGRAMS]
        self.bags.learn(ids)
        x = as_matrix(self.bags, ids)
        weights, bias = self._classified(x, y) if y.dtype.kind in "iu" else self._estimated(x, y)
        self.weight.copy_(torch.from_numpy(weights))
        self.bias.copy_(torch.from_numpy(bias))

    def _classified(self, x: Any, y: NDArray[Any]) -> tuple[NDArray, NDArray]:
        import warnings

        from sklearn.exceptions import ConvergenceWarning
        from sklearn.linear_model import LogisticRegression

        num, present = len(self.bias), np.unique(y)
        matrix, bias = np.zeros((self.bags.buckets, num)), np.full(num, ABSENT)
        if len(present) < 2:
            bias[present] = 0.0
            return matrix, bias
        used = np.flatnonzero(np.diff(x.tocsc().indptr))
        model = LogisticRegression(C=STRENGTH, max_iter=MOST_STEPS)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # a bound on time, not on quality
            model.fit(x[:, used], y)
        if len(present) == 2:
            matrix[used, present[1]] = model.coef_[0]
            bias[present] = 0.0, model.intercept_[0]
        else:
            matrix[np.ix_(used, present)] = model.coef_.T
            bias[present] = model.intercept_
        return matrix, bias

    def _estimated(self, x: Any, y: NDArray[Any]) -> tuple[NDArray, NDArray]:
        from sklearn.linear_model import Ridge

        model = Ridge(alpha=ALPHA, solver="sparse_cg").fit(x, y.astype(np.float64).ravel())
        return model.coef_.reshape(-1, 1), np.atleast_1d(model.intercept_)
