"""`linear`: a linear model of tf-idf, fitted by scikit-learn, with what suits validation best.

For labels out of few, support vector machines with a squared hinge loss, one for each label against
the others (Fan et al. 2008, LIBLINEAR), whose margins are scaled on validation so that they are
logarithms of probabilities but for a constant. For numbers, ridge regression.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from pipeline.modalities.protocols.encode import Preparation
from pipeline.modalities.protocols.network import Batch
from pipeline.modalities.text.modules.bags import ROWS_AT_ONCE, Bags, Rows, as_matrix, read_rows

Losses = Callable[[Tensor, Tensor], Tensor]

STRENGTHS = (0.1, 0.3, 1.0, 3.0)
"""Inverse strengths of the penalty, C of scikit-learn, of which validation chooses one."""
ALPHAS = (3.0, 1.0, 0.3, 0.1)
"""Penalties of ridge regression."""
ABSENT = -20.0  # output of a label that train has not
TOLERANCE, MOST_STEPS = 1e-3, 2000
SCALES = tuple(np.exp(np.linspace(np.log(0.2), np.log(50), 111)).tolist())


class Fitted(NamedTuple):
    """Outputs are `scale * (x @ weights + bias)`."""

    weights: NDArray[np.float64]
    """`(buckets, K)`."""
    bias: NDArray[np.float64]
    """`(K,)`."""


class Linear(nn.Module):
    """A sum of weights, one for each n-gram of a text and each output."""

    bias: Tensor
    weight: Tensor
    scale: Tensor

    def __init__(self, preparation: Preparation, outputs: int) -> None:
        super().__init__()
        self.rows_at_once = ROWS_AT_ONCE
        self.bags = Bags(preparation)
        for name, shape in (
            ("weight", (self.bags.buckets, outputs)),
            ("bias", (outputs,)),
            ("scale", (1,)),
        ):
            self.register_buffer(name, torch.zeros(shape))
        self.scale.fill_(1.0)

    def embed(self, inputs: Batch) -> Tensor:
        """Margins, `(N, K)`."""
        ids, weights = self.bags(inputs)
        margins: Tensor = torch.einsum("nlk,nl->nk", self.weight[ids], weights) + self.bias
        return margins

    def novelty(self, inputs: Batch) -> Tensor:
        return self.bags.novelty(inputs)

    def read_out(self, embeddings: Tensor) -> Tensor:
        return embeddings * self.scale

    def forward(self, inputs: Batch) -> Tensor:
        return self.read_out(self.embed(inputs))

    def fit(self, reader: Any, losses: Losses, seed: int) -> None:
        """Fit to all rows at once, on the CPU; the seed draws the order of rows in the solver."""
        train, val = read_rows(reader, "train"), read_rows(reader, "val")
        self.bags.learn(train.ids)
        x, x_val = as_matrix(self.bags, train.ids), as_matrix(self.bags, val.ids)
        y_val = torch.from_numpy(val.y)
        is_index = np.issubdtype(train.y.dtype, np.integer)
        fitted_by = self._hinges if is_index else self._ridges
        scales = SCALES if is_index else (1.0,)
        best, least = None, np.inf
        for fitted in fitted_by(x, train, seed):
            margins = torch.from_numpy(x_val @ fitted.weights + fitted.bias).float()
            for scale in scales:
                kind = y_val.long() if is_index else y_val.float()
                loss = float(losses(margins * scale, kind).double().mean())
                if loss < least:
                    best, least = (fitted, scale), loss
        assert best is not None
        (weights, bias), scale = best
        self.weight.copy_(torch.from_numpy(weights))
        self.bias.copy_(torch.from_numpy(bias))
        self.scale.fill_(scale)

    def _hinges(self, x: Any, train: Rows, seed: int) -> Iterator[Fitted]:
        num = len(self.bias)
        present = np.unique(train.y)
        if len(present) < 2:
            bias = np.full(num, ABSENT)
            bias[present] = 0.0
            yield Fitted(np.zeros((self.bags.buckets, num)), bias)
            return
        for strength in STRENGTHS:
            yield hinge(x, train.y, train.weights, num, strength, seed)

    def _ridges(self, x: Any, train: Rows, seed: int) -> Iterator[Fitted]:
        from sklearn.linear_model import Ridge

        for alpha in ALPHAS:
            model = Ridge(alpha=alpha, solver="sparse_cg", random_state=seed)
            model.fit(x, train.y.astype(np.float64), sample_weight=train.weights)
            yield Fitted(model.coef_.reshape(1, -1).T, np.atleast_1d(model.intercept_))


def hinge(
    x: Any, y: NDArray, weights: NDArray[np.floating], num: int, strength: float, seed: int
) -> Fitted:
    """Machines for `num` labels, of which train may lack some."""
    import warnings

    from sklearn.exceptions import ConvergenceWarning
    from sklearn.svm import LinearSVC

    model = LinearSVC(C=strength, tol=TOLERANCE, max_iter=MOST_STEPS, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a bound on time, not on quality
        model.fit(x, y, sample_weight=weights)
    matrix, bias, present = np.zeros((x.shape[1], num)), np.full(num, ABSENT), np.unique(y)
    if len(present) == 2:
        first, second = present
        matrix[:, first], bias[first] = -model.coef_[0] / 2, -model.intercept_[0] / 2
        matrix[:, second], bias[second] = model.coef_[0] / 2, model.intercept_[0] / 2
    else:
        matrix[:, present], bias[present] = model.coef_.T, model.intercept_
    return Fitted(matrix, bias)
