"""The names of targets/protocols/baseline.py, for numbers.

`mean` is that of train, `linear` is ridge regression. In time, `last` is the number before, `ewma`
an exponentially weighted mean of those before (RiskMetrics 1996, weight 0.94), and `har` regresses
on the last, the mean of the last five and of the last twenty-two (Corsi 2009).
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import Ridge

from pipeline.dataset.arrays import Float32, Float64
from pipeline.targets.protocols.baseline import Arrays, BaselineInputs, Past
from pipeline.targets.protocols.labels import TargetIndex

__all__ = ["answer", "fit"]

PENALTIES = (1.0, 10.0, 100.0, 1000.0)
"""Penalties, of which validation chooses one."""


def fit(
    index: TargetIndex,
    train: BaselineInputs,
    y: NDArray,
    weights: NDArray[np.floating],
    val: BaselineInputs,
    val_y: NDArray,
) -> Mapping[str, Arrays]:
    numbers = y.astype(np.float64)
    mean = np.array([np.average(numbers, weights=weights)])
    fitted: dict[str, Arrays] = {"mean": {"mean": mean}}
    if train.features.shape[1]:
        fitted["linear"] = _linear(train.features, numbers, weights, val, val_y)
    if train.past is not None:
        fitted |= {"last": {"mean": mean}, "ewma": {"mean": mean}}
        known = np.isfinite(_of_past(train.past)).all(1)
        if known.sum() > 4:
            design = _with_one(_of_past(train.past)[known])
            found = np.linalg.lstsq(design, numbers[known], rcond=None)[0]
            fitted["har"] = {"mean": mean, "weights": found}
    return fitted


def answer(name: str, arrays: Arrays, known: BaselineInputs) -> Float32:
    if name == "linear":
        found = known.features @ arrays["weights"] + arrays["bias"]
    else:
        found = np.full(known.features.shape[0], arrays["mean"][0])
        if (past := known.past) is not None and name != "mean":
            said = {"last": past.last, "ewma": past.ewma}.get(name)
            if said is None:
                said = _with_one(_of_past(past)) @ arrays["weights"]
            found = np.where(np.isfinite(said), said, found)
    outputs: Float32 = found.astype(np.float32)[:, None]
    return outputs


def _of_past(past: Past) -> Float64:
    return np.stack([past.last, past.mean_5, past.mean_22], axis=1)


def _with_one(columns: Float64) -> Float64:
    return np.column_stack([np.ones(len(columns)), columns])


def _linear(
    features: Float64,
    y: Float64,
    weights: NDArray[np.floating],
    val: BaselineInputs,
    val_y: NDArray,
) -> Arrays:
    tried = []
    for penalty in PENALTIES:
        model = Ridge(alpha=penalty).fit(features, y, sample_weight=weights)
        error = np.square(model.predict(val.features) - val_y).mean()
        tried.append((float(error), model))
    best = min(tried, key=lambda pair: pair[0])[1]
    return {"weights": best.coef_, "bias": np.array([best.intercept_])}
