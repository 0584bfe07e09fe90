"""Metrics as functions of sums over examples, so that a resample is a sum of other rows.

Each example has a sparse row of numbers; accuracy, loss, macro F1 and calibration error follow
from the sum of the rows alone, for one sum or ten thousand (bootstrap.py).
"""

import numpy as np
from scipy import sparse  # type: ignore[import-untyped]

from pipeline.dataset.arrays import Float64
from pipeline.targets.classes.measures.metrics import CALIBRATION_BINS, Labels, confidence_bin

NUM, LOSS, RIGHT, IN_TOP = range(4)
BY_CLASS = (
    4  # from here K columns of right predictions, K of predictions, K of labels; then the bins
)
VALUES_PER_EXAMPLE = 8


def top_k(num_classes: int) -> int:
    """The k of "top k"; 1 if more guesses would be meaningless."""
    return 5 if num_classes > 5 else 2 if num_classes > 2 else 1


def example_scores(probabilities: Float64, labels: Labels) -> sparse.csr_array:
    """Make a row for each of N examples, `(N, 4 + 3 K + CALIBRATION_BINS)`.

    Probabilities are `(N, K)`, labels `(N,)`.
    """
    num, num_classes = probabilities.shape
    predicted, confidence = probabilities.argmax(1), probabilities.max(1)
    right = predicted == labels
    of_truth = probabilities[np.arange(num), labels]
    better = (probabilities > of_truth[:, None]).sum(1)
    bins = BY_CLASS + 3 * num_classes + confidence_bin(confidence)
    entries = (
        (NUM, 1.0),
        (LOSS, -np.log(of_truth.clip(1e-12))),
        (RIGHT, right),
        (IN_TOP, better < top_k(num_classes)),
        (BY_CLASS + labels, right),
        (BY_CLASS + num_classes + predicted, 1.0),
        (BY_CLASS + 2 * num_classes + labels, 1.0),
        (bins, right - confidence),
    )
    columns = np.stack([np.broadcast_to(column, num) for column, _ in entries], 1)
    values = np.stack([np.broadcast_to(value, num) for _, value in entries], 1)
    starts = np.arange(num + 1) * VALUES_PER_EXAMPLE
    shape = (num, BY_CLASS + 3 * num_classes + CALIBRATION_BINS)
    table = sparse.csr_array(
        (values.astype(np.float64).ravel(), columns.ravel(), starts), shape=shape
    )
    table.sort_indices()
    return table


def metrics_of(sums: Float64) -> dict[str, Float64]:
    """Compute metrics from sums of rows, `(..., M)`: each of shape `(...)`.

    `accuracy`, `loss` (nats), `f1_macro` (over the classes that occur), `calibration_error`
    (expected, in equally wide bins of confidence) and `accuracy_top_k`.
    """
    num_classes = (sums.shape[-1] - BY_CLASS - CALIBRATION_BINS) // 3
    num = sums[..., NUM]
    of_class = sums[..., BY_CLASS : BY_CLASS + 3 * num_classes]
    right, predicted, support = np.split(of_class, 3, axis=-1)
    f1 = 2 * right / (predicted + support).clip(1)
    gaps = np.abs(sums[..., BY_CLASS + 3 * num_classes :])
    return {
        "accuracy": sums[..., RIGHT] / num,
        "loss": sums[..., LOSS] / num,
        "f1_macro": f1.sum(-1) / (support > 0).sum(-1),
        "calibration_error": gaps.sum(-1) / num,
        "accuracy_top_k": sums[..., IN_TOP] / num,
    }
