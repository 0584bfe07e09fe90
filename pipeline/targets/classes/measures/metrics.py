"""Metrics of predictions. Probabilities are `(N, K)`, labels `(N,)` class indices."""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar  # type: ignore[import-untyped]

from pipeline.dataset.arrays import Float64
from pipeline.targets.classes.measures.outputs import softmax

Labels = NDArray[np.int64]

CALIBRATION_BINS = 15


def confusion_matrix(labels: Labels, predicted: Labels, num_classes: int) -> NDArray[np.int64]:
    """Counts, shape `(K, K)`: row the true class, column the predicted one."""
    cells = np.bincount(labels * num_classes + predicted, minlength=num_classes**2)
    return cells.reshape(num_classes, num_classes)


def cross_entropy(probabilities: Float64, labels: Labels) -> float:
    """Mean negative log-likelihood of the true class, in nats."""
    chosen = probabilities[np.arange(len(labels)), labels]
    return float(-np.log(chosen.clip(1e-12)).mean())


def per_class(confusion: NDArray[np.int64]) -> dict[str, Float64]:
    """Precision, recall and F1 of each class, `(K,)`, 0 where undefined."""
    right = np.diag(confusion).astype(np.float64)
    predicted, support = confusion.sum(0), confusion.sum(1)
    precision = right / predicted.clip(1)
    recall = right / support.clip(1)
    f1 = 2 * right / (predicted + support).clip(1)
    return {"precision": precision, "recall": recall, "f1": f1, "support": support}


def calibration(
    probabilities: Float64, labels: Labels, num_bins: int = CALIBRATION_BINS
) -> tuple[list[dict[str, float]], float]:
    """Reliability per bin of confidence, and the expected calibration error.

    The error is the mean of |accuracy - confidence| over equally wide bins, weighted by their
    counts; 0 is perfect, 1 the worst (Guo et al. 2017, arXiv 1706.04599). Empty bins are left
    out of the table.
    """
    confidence = probabilities.max(1)
    right = probabilities.argmax(1) == labels
    which = confidence_bin(confidence, num_bins)
    table, error = [], 0.0
    for number in range(num_bins):
        inside = which == number
        if not inside.any():
            continue
        row = {
            "confidence": float(confidence[inside].mean()),
            "accuracy": float(right[inside].mean()),
            "count": int(inside.sum()),
        }
        table.append(row)
        error += abs(row["accuracy"] - row["confidence"]) * row["count"] / len(labels)
    return table, error


def confidence_bin(confidence: Float64, num_bins: int = CALIBRATION_BINS) -> NDArray[np.int64]:
    """The number of the equally wide bin of each confidence, 0 to 1."""
    return np.minimum((confidence * num_bins).astype(np.int64), num_bins - 1)


def fit_temperature(
    logits: NDArray[np.floating], labels: Labels, *, num_unknown: float = 0.0
) -> float:
    """The divisor of logits `(N, K)` with the least cross-entropy on `labels`, 0.01 to 100.

    Guo et al. 2017, arXiv 1706.04599. If every example is right, lower is always better, down to
    certainty. `num_unknown` more examples, of any class with equal probability, prevent that, as
    Platt's targets do (1999, Probabilistic Outputs for Support Vector Machines).
    """

    def loss(log_temperature: float) -> float:
        probabilities = softmax(logits / 10**log_temperature)
        known = cross_entropy(probabilities, labels)
        if not num_unknown:
            return known
        unknown = float(-np.log(probabilities.clip(1e-12)).mean())
        return known + num_unknown / len(labels) * unknown

    minimum = minimize_scalar(loss, bounds=(-2, 2), method="bounded", options={"xatol": 1e-3})
    return float(10**minimum.x)
