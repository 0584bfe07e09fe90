"""Our metrics are scikit-learn's; the calibration error is Guo's, by hand."""

import numpy as np
import pytest
from sklearn import metrics as sklearn_metrics

from pipeline.targets.classes.measures.metrics import (
    calibration,
    confusion_matrix,
    cross_entropy,
    fit_temperature,
    per_class,
    softmax,
)

NUM_CLASSES = 5


def predictions(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Labels and probabilities; class 4 never occurs, class 3 is never predicted."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, 4, 200)
    logits = random.normal(size=(200, NUM_CLASSES)) + np.eye(NUM_CLASSES)[labels]
    logits[:, 3] -= 100
    return labels, softmax(logits)


@pytest.mark.parametrize("seed", range(3))
def test_confusion_matrix_is_that_of_sklearn(seed):
    labels, probabilities = predictions(seed)
    predicted = probabilities.argmax(1)
    expected = sklearn_metrics.confusion_matrix(labels, predicted, labels=range(NUM_CLASSES))
    assert np.array_equal(confusion_matrix(labels, predicted, NUM_CLASSES), expected)


def test_rows_of_a_confusion_matrix_are_the_truth():
    matrix = confusion_matrix(np.array([0, 0, 1]), np.array([0, 2, 1]), 3)
    assert matrix.tolist() == [[1, 0, 1], [0, 1, 0], [0, 0, 0]]


@pytest.mark.parametrize("seed", range(3))
def test_values_per_class_are_those_of_sklearn(seed):
    labels, probabilities = predictions(seed)
    predicted = probabilities.argmax(1)
    ours = per_class(confusion_matrix(labels, predicted, NUM_CLASSES))
    theirs = sklearn_metrics.precision_recall_fscore_support(
        labels, predicted, labels=range(NUM_CLASSES), zero_division=0
    )
    assert list(ours) == ["precision", "recall", "f1", "support"]
    for name, expected in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(ours[name], expected, err_msg=name)
    assert ours["f1"][3] == ours["f1"][4] == 0


@pytest.mark.parametrize("seed", range(3))
def test_cross_entropy_is_the_log_loss_of_sklearn(seed):
    labels, probabilities = predictions(seed)
    labels = np.minimum(labels, 2)
    expected = sklearn_metrics.log_loss(labels, probabilities, labels=range(NUM_CLASSES))
    assert cross_entropy(probabilities, labels) == pytest.approx(expected)


def test_cross_entropy_of_certain_and_wrong_is_finite():
    certain = np.array([[1.0, 0.0]])
    assert cross_entropy(certain, np.array([0])) == 0
    assert cross_entropy(certain, np.array([1])) == pytest.approx(12 * np.log(10))


def test_softmax():
    logits = np.array([[0.0, np.log(3.0)], [1000.0, 1000.0], [-1e4, 1e4]], np.float32)
    probabilities = softmax(logits)
    assert probabilities.dtype == np.float64
    np.testing.assert_allclose(probabilities, [[0.25, 0.75], [0.5, 0.5], [0, 1]], atol=1e-7)


def test_calibration_by_hand():
    # Bins [0.5, 0.75) with 0.6 right and 0.7 wrong, [0.75, 1] with 0.8 right and 1.0 right.
    probabilities = np.array([[0.6, 0.4], [0.3, 0.7], [0.8, 0.2], [0.0, 1.0]])
    table, error = calibration(probabilities, np.array([0, 0, 0, 1]), num_bins=4)
    assert table == [
        {"confidence": pytest.approx(0.65), "accuracy": 0.5, "count": 2},
        {"confidence": pytest.approx(0.9), "accuracy": 1.0, "count": 2},
    ]
    assert error == pytest.approx((0.15 + 0.10) / 2)


def test_the_calibration_error_of_a_network_as_right_as_it_is_sure_is_zero():
    probabilities = np.tile([0.25, 0.75], (400, 1))
    table, error = calibration(probabilities, np.repeat([0, 1], [100, 300]))
    assert table == [{"confidence": 0.75, "accuracy": 0.75, "count": 400}]
    assert error == 0


def test_the_calibration_error_of_one_always_sure_and_wrong_is_one():
    table, error = calibration(np.tile([1.0, 0.0], (10, 1)), np.ones(10, int))
    assert table == [{"confidence": 1.0, "accuracy": 0.0, "count": 10}]
    assert error == 1


@pytest.mark.parametrize("seed", range(3))
def test_every_prediction_is_in_one_bin(seed):
    labels, probabilities = predictions(seed)
    table, error = calibration(probabilities, labels)
    assert sum(row["count"] for row in table) == len(labels)
    assert [row["confidence"] for row in table] == sorted(row["confidence"] for row in table)
    right = sum(row["accuracy"] * row["count"] for row in table) / len(labels)
    assert right == pytest.approx((probabilities.argmax(1) == labels).mean())
    assert 0 <= error <= 1


def test_a_model_that_is_always_right_is_not_made_certain():
    """With nothing but right answers the best temperature is none; one unknown label forbids it."""
    labels = np.arange(100) % 4
    logits = 5 * np.eye(4)[labels]
    assert fit_temperature(logits, labels) < 0.2, "certain, as exp(-25) is nothing"
    temperature = fit_temperature(logits, labels, num_unknown=1)
    assert softmax(logits / temperature).max(1).mean() == pytest.approx(1 - 0.75 / 101, abs=1e-3)


def test_one_unknown_label_among_many_changes_little():
    random = np.random.default_rng(0)
    logits = random.normal(0, 1.5, (5000, 4))
    labels = (softmax(logits).cumsum(1) > random.random((5000, 1))).argmax(1)
    alone = fit_temperature(logits * 3, labels)
    assert alone == pytest.approx(3, rel=0.1)
    assert fit_temperature(logits * 3, labels, num_unknown=1) == pytest.approx(alone, rel=0.005)
