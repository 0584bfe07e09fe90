"""The names of targets/protocols/baseline.py, for classes.

`majority` says how often each class is in train, whatever the example: in forecasts of a direction
that is "always up". `linear` is multinomial logistic regression. In time, `last` says the class
before, as often as that was right in train.
"""

import warnings
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from pipeline.dataset.arrays import Float32, Float64
from pipeline.targets.classes.measures.metrics import cross_entropy
from pipeline.targets.classes.measures.outputs import softmax
from pipeline.targets.protocols.baseline import Arrays, BaselineInputs
from pipeline.targets.protocols.labels import TargetIndex

__all__ = ["answer", "fit"]

STRENGTHS = (0.01, 0.1, 1.0)
"""Inverse strengths of the penalty, of which validation chooses one."""
MAX_STEPS = 200
UNSEEN = -20.0
"""Logit of a class that train does not have."""


def fit(
    index: TargetIndex,
    train: BaselineInputs,
    y: NDArray,
    weights: NDArray[np.floating],
    val: BaselineInputs,
    val_y: NDArray,
) -> Mapping[str, Arrays]:
    num = len(index["classes"])
    labels = y.astype(np.int64)
    prior = np.log((np.bincount(labels, weights, num) + 1) / (weights.sum() + num))
    fitted: dict[str, Arrays] = {"majority": {"logits": prior}}
    if len(np.unique(labels)) > 1 and train.features.shape[1]:
        fitted["linear"] = _linear(train.features, labels, weights, val, val_y.astype(int), num)
    if train.past is not None:
        known = ~np.isnan(train.past.last)
        right = (train.past.last[known] == labels[known]).sum()
        share = (right + 1) / (known.sum() + 2)
        fitted["last"] = {"logits": prior, "share": np.array([share])}
    return fitted


def answer(name: str, arrays: Arrays, known: BaselineInputs) -> Float32:
    num = known.features.shape[0]
    if name == "linear":
        found: Float32 = (known.features @ arrays["weights"] + arrays["bias"]).astype(np.float32)
        return found
    logits = np.repeat(arrays["logits"][None], num, axis=0)
    if name == "last":
        assert known.past is not None
        _say_last(logits, known.past.last, float(arrays["share"][0]))
    return logits.astype(np.float32)


def _say_last(logits: Float64, last: Float64, share: float) -> None:
    """Give the class before its share, and the others what is left, by how frequent they are."""
    rows = np.flatnonzero(~np.isnan(last))
    code = last[rows].astype(np.int64)
    others = softmax(logits[rows])
    others[np.arange(len(rows)), code] = 0
    others *= (1 - share) / others.sum(1, keepdims=True).clip(1e-12)
    others[np.arange(len(rows)), code] = share
    logits[rows] = np.log(others.clip(1e-12))


def _linear(
    features: Float64,
    labels: NDArray[np.int64],
    weights: NDArray[np.floating],
    val: BaselineInputs,
    val_y: NDArray[np.int64],
    num: int,
) -> Arrays:
    tried = [_logistic(features, labels, weights, num, strength) for strength in STRENGTHS]
    losses = [
        cross_entropy(softmax(val.features @ each["weights"] + each["bias"]), val_y)
        for each in tried
    ]
    return tried[int(np.argmin(losses))]


def _logistic(
    features: Float64,
    labels: NDArray[np.int64],
    weights: NDArray[np.floating],
    num: int,
    strength: float,
) -> Arrays:
    model = LogisticRegression(C=strength, max_iter=MAX_STEPS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a bound on time, not on quality
        model.fit(features, labels, sample_weight=weights)
    matrix, bias = np.zeros((features.shape[1], num)), np.full(num, UNSEEN)
    if len(model.classes_) == 2:
        first, second = model.classes_
        bias[first] = 0.0
        matrix[:, second], bias[second] = model.coef_[0], model.intercept_[0]
    else:
        matrix[:, model.classes_], bias[model.classes_] = model.coef_.T, model.intercept_
    return {"weights": matrix, "bias": bias}
