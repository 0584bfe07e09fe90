"""Metrics of sums are the metrics of the examples, for one sum as for many."""

import numpy as np
import pytest
from sklearn.metrics import f1_score, top_k_accuracy_score

from pipeline.targets.classes.judging.scores import example_scores, metrics_of, top_k
from pipeline.targets.classes.measures.metrics import calibration, cross_entropy, softmax


def said(seed: int, num_classes: int, num: int = 300) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    labels = random.integers(0, num_classes, num)
    logits = random.normal(size=(num, num_classes)) + np.eye(num_classes)[labels]
    return softmax(logits), labels


@pytest.mark.parametrize("num_classes", [2, 3, 7])
def test_metrics_are_those_of_sklearn_and_ours(num_classes):
    probabilities, labels = said(0, num_classes)
    metrics = metrics_of(np.asarray(example_scores(probabilities, labels).sum(0)))
    predicted = probabilities.argmax(1)
    allowed = top_k(num_classes)
    top = (predicted == labels).mean()
    if allowed > 1:
        top = top_k_accuracy_score(labels, probabilities, k=allowed, labels=range(num_classes))
    assert {name: float(value) for name, value in metrics.items()} == pytest.approx(
        {
            "accuracy": (predicted == labels).mean(),
            "loss": cross_entropy(probabilities, labels),
            "f1_macro": f1_score(labels, predicted, average="macro"),
            "calibration_error": calibration(probabilities, labels)[1],
            "accuracy_top_k": top,
        }
    )


def test_many_sums_at_once_are_as_one_by_one():
    probabilities, labels = said(1, 4)
    scores = example_scores(probabilities, labels).toarray()
    sums = np.stack([scores[:100].sum(0), scores[50:].sum(0)])
    together = metrics_of(sums)
    for row, some in enumerate((slice(0, 100), slice(50, None))):
        alone = metrics_of(np.asarray(example_scores(probabilities[some], labels[some]).sum(0)))
        for name, values in together.items():
            assert values[row] == pytest.approx(alone[name]), name


def test_a_class_that_does_not_occur_is_left_out_of_macro_f1():
    probabilities = np.array([[0.8, 0.1, 0.1], [0.1, 0.8, 0.1]])
    scores = example_scores(probabilities, np.array([0, 1]))
    assert metrics_of(np.asarray(scores.sum(0)))["f1_macro"] == 1


@pytest.mark.parametrize(("num_classes", "expected"), [(2, 1), (3, 2), (5, 2), (6, 5), (1000, 5)])
def test_top_k(num_classes, expected):
    assert top_k(num_classes) == expected
