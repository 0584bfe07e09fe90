"""Boosted trees fitted by scikit-learn, and their nodes as arrays.

HistGradientBoosting, after LightGBM (Ke et al. 2017). Its predictors are private attributes, which
tests compare with scikit-learn's own answers. Little data needs small trees: their number of leaves
is chosen on validation, which also decides when to stop.
"""

import warnings
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pipeline.modalities.tables.modules.rows import FittedRows, Losses

LEAVES = (4, 8, 16, 31)
MANY_ROWS = 100_000
"""Training rows from which on only the largest trees are fitted, to save time."""
MAX_TREES, MAX_NODES = 400, 2 * max(LEAVES) - 1
MAX_CATEGORIES = 255
"""Most values of a column that scikit-learn takes as a category; with more, codes are used as
numbers, in the order of frequency."""
LEARNING_RATE = 0.05
PATIENCE = 25
"""Rounds without a better validation before boosting stops."""
SMALL_LEAF, SMALL_ROWS, USUAL_LEAF = 10, 1000, 20
"""Least rows of a leaf for up to SMALL_ROWS training rows, and for more."""
OF_NUMBERS = {
    "squared": "squared_error",
    "absolute": "absolute_error",
    "quantile": "quantile",
}
"""scikit-learn's names of the losses of numbers; others are learnt as squared errors."""
ABSENT = -20.0  # output of a label that train lacks, as a logarithm


class FittedTrees(NamedTuple):
    """Trees of all rounds, R in each; outputs are sums of leaves times `spread`, plus `base`."""

    trees: list[dict[str, NDArray]]
    depth: int
    spread: NDArray[np.float32]
    """`(R, K)`."""
    base: NDArray[np.float32]
    """`(K,)`."""


def fit_trees(
    x: NDArray[np.float32],
    train: FittedRows,
    x_val: NDArray[np.float32],
    val: FittedRows,
    losses: Losses,
    *,
    seed: int,
    loss: str,
    quantile: float,
    num_sets: int,
    num_outputs: int,
) -> FittedTrees:
    """Fit boosted trees, with the number of leaves of least mean loss on `val`.

    Labels of type int64 are indices of K outputs, others are numbers, of one output.

    Args:
        x: the columns of `train`, `(N, F)`, NaN where missing; `x_val` those of `val`.
        loss: loss of numbers, a key of OF_NUMBERS; `quantile` is for it.
        num_sets: number of first columns that are categories, coded from 0 without a gap.
    """
    is_index = not train.y.is_floating_point()
    num_sums = num_outputs if num_outputs > 2 else 1
    present = torch.unique(train.y).tolist() if is_index else []
    if is_index and len(present) < 2:
        base = np.full(num_outputs, ABSENT, np.float32)
        base[present] = 0.0
        return FittedTrees([], 0, np.zeros((num_sums, num_outputs), np.float32), base)
    x = np.where(np.isnan(x).all(0), np.float32(0), x)  # scikit-learn requires a number in each
    is_set = np.arange(x.shape[1]) < num_sets
    spread = spread_of(present, num_sums, num_outputs) if is_index else np.ones((1, 1), np.float32)
    best, least = None, np.inf
    leaves = LEAVES[-1:] if train.num > MANY_ROWS else LEAVES
    for num_leaves in leaves:
        model = make_model(is_index, num_leaves, train.num, seed, loss, quantile)
        model.set_params(categorical_features=is_set if num_sets else None)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of labels that only validation has
            model.fit(
                x,
                train.y.numpy(),
                sample_weight=train.weights.numpy(),
                **validation_of(x_val, val, present),
            )
        raw = model._raw_predict(x_val)
        base = base_of(model, spread, present, num_outputs)
        found = torch.from_numpy((raw - model._baseline_prediction) @ spread_used(spread, raw))
        outputs = found.float() + torch.from_numpy(base)
        mean = float(losses(outputs, val.y).double().mean())
        if mean < least:
            best, least = (model, base), mean
    assert best is not None
    model, base = best
    trees, depth = nodes_of(model, num_sums)
    fitted = FittedTrees(trees, depth, spread, base)
    return fitted if is_index else with_offset(fitted, model, x, train, losses)


def make_model(
    is_index: bool, num_leaves: int, num_rows: int, seed: int, loss: str, quantile: float
) -> Any:
    from sklearn.ensemble import (
        HistGradientBoostingClassifier,
        HistGradientBoostingRegressor,
    )

    settings: dict[str, Any] = {
        "learning_rate": LEARNING_RATE,
        "max_iter": MAX_TREES,
        "max_leaf_nodes": num_leaves,
        "min_samples_leaf": SMALL_LEAF if num_rows < SMALL_ROWS else USUAL_LEAF,
        "early_stopping": True,
        "n_iter_no_change": PATIENCE,
        "random_state": seed,
    }
    if is_index:
        return HistGradientBoostingClassifier(**settings)
    name = OF_NUMBERS.get(loss, OF_NUMBERS["squared"])
    level = quantile if name == "quantile" else None
    return HistGradientBoostingRegressor(**settings, loss=name, quantile=level)


def validation_of(x_val: NDArray, val: FittedRows, present: list[int]) -> dict[str, Any]:
    """Validation rows for early stopping, without labels that train lacks, which are refused."""
    known = np.isin(val.y.numpy(), present) if present else np.ones(val.num, bool)
    return {"X_val": x_val[known], "y_val": val.y.numpy()[known]}


def spread_of(present: list[int], num_sums: int, num_outputs: int) -> NDArray[np.float32]:
    """The matrix from sums to outputs; scikit-learn has one sum for two labels."""
    spread = np.zeros((num_sums, num_outputs), np.float32)
    if len(present) == 2:
        spread[0, present] = -0.5, 0.5
    else:
        spread[np.arange(len(present)), present] = 1.0
    return spread


def spread_used(spread: NDArray[np.float32], raw: NDArray) -> NDArray[np.float32]:
    """The rows of `spread` for scikit-learn's sums, which lack labels that train lacks."""
    return spread[: raw.shape[1]]


def base_of(
    model: Any, spread: NDArray[np.float32], present: list[int], num_outputs: int
) -> NDArray[np.float32]:
    """Outputs before the first tree."""
    before = np.asarray(model._baseline_prediction, np.float64).reshape(1, -1)
    base: NDArray[np.float32] = (before @ spread_used(spread, before))[0].astype(np.float32)
    if present:
        base[np.setdiff1d(np.arange(num_outputs), present)] = ABSENT
    return base


def nodes_of(model: Any, num_sums: int) -> tuple[list[dict[str, NDArray]], int]:
    """The nodes of each tree, and the largest depth; a leaf leads to itself."""
    trees, depth = [], 0
    for of_round in model._predictors:
        # A label that train lacks has no trees: empty ones keep the order.
        padded = [*of_round, *[None] * (num_sums - len(of_round))]
        for predictor in padded:
            trees.append(EMPTY if predictor is None else _nodes(predictor))
            if predictor is not None:
                depth = max(depth, int(predictor.nodes["depth"].max()))
    return trees, depth


def _nodes(predictor: Any) -> dict[str, NDArray]:
    nodes = predictor.nodes
    is_leaf = nodes["is_leaf"].astype(bool)
    own = np.arange(len(nodes))
    is_set = nodes["is_categorical"].astype(bool) & ~is_leaf
    sets = np.zeros((len(nodes), 8), np.uint32)
    if is_set.any():
        sets[is_set] = predictor.raw_left_cat_bitsets[nodes["bitset_idx"][is_set]]
    return {
        "feature": np.where(is_leaf, 0, nodes["feature_idx"]).astype(np.int16),
        "threshold": below(np.where(is_leaf | is_set, 0.0, nodes["num_threshold"])),
        "left": np.where(is_leaf, own, nodes["left"]).astype(np.int16),
        "right": np.where(is_leaf, own, nodes["right"]).astype(np.int16),
        "missing_left": nodes["missing_go_to_left"].astype(bool),
        "value": np.where(is_leaf, nodes["value"], 0.0).astype(np.float32),
        "sets": sets.view(np.int32),
    }


EMPTY: dict[str, NDArray] = {
    "feature": np.zeros(1, np.int16),
    "threshold": np.zeros(1, np.float32),
    "left": np.zeros(1, np.int16),
    "right": np.zeros(1, np.int16),
    "missing_left": np.zeros(1, bool),
    "value": np.zeros(1, np.float32),
    "sets": np.zeros((1, 8), np.int32),
}
"""A tree that adds nothing."""


def below(thresholds: NDArray[np.float64]) -> NDArray[np.float32]:
    """The largest float32 that is not larger, with which float32 numbers compare the same."""
    limit = np.finfo(np.float32).max
    rounded = np.clip(thresholds, -limit, limit).astype(np.float32)
    lower = np.nextafter(rounded, np.float32(-np.inf))
    found: NDArray[np.float32] = np.where(rounded > thresholds, lower, rounded)
    return found


def with_offset(
    fitted: FittedTrees, model: Any, x: NDArray, train: FittedRows, losses: Losses
) -> FittedTrees:
    """Add the constant that minimises the loss itself, such as QLIKE, which trees learn as squared
    errors of logarithms."""
    outputs = torch.from_numpy(model.predict(x)).float()[:, None]
    offset = torch.zeros(1, requires_grad=True)
    optimizer = torch.optim.LBFGS([offset], max_iter=50, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimizer.zero_grad()
        each = losses(outputs + offset, train.y) * train.weights
        mean = each.sum() / train.weights.sum().clamp(min=1e-6)
        mean.backward()
        return mean

    optimizer.step(closure)
    return fitted._replace(base=(fitted.base + offset.detach().numpy()).astype(np.float32))
