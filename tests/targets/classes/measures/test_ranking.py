"""The figures are scikit-learn's."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score, roc_curve

from pipeline.targets.classes.measures.metrics import softmax
from pipeline.targets.classes.measures.ranking import (
    auc,
    average_precision,
    brier,
    by_class,
    sensitivity_at,
    summary,
)


def scored(seed: int, num: int = 300, ties: bool = False):
    random = np.random.default_rng(seed)
    positive = random.random(num) < 0.3
    scores = random.normal(size=num) + positive
    return positive, np.round(scores) if ties else scores


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_one_against_all_others(seed, ties):
    positive, scores = scored(seed, ties=ties)
    assert auc(positive, scores) == pytest.approx(roc_auc_score(positive, scores))
    assert average_precision(positive, scores) == pytest.approx(
        average_precision_score(positive, scores)
    )
    false, true, _ = roc_curve(positive, scores, drop_intermediate=False)
    expected = true[false <= 0.05 + 1e-9].max()
    assert sensitivity_at(positive, scores) == pytest.approx(expected)


@pytest.mark.parametrize("num_classes", [2, 4])
def test_of_all_classes(num_classes):
    random = np.random.default_rng(0)
    labels = random.integers(0, num_classes, 200)
    logits = random.normal(size=(200, num_classes)) + 2 * np.eye(num_classes)[labels]
    probabilities = softmax(logits)
    found = summary(probabilities, labels)
    scores = probabilities[:, 1] if num_classes == 2 else probabilities
    assert found["auc"] == pytest.approx(roc_auc_score(labels, scores, multi_class="ovr"))
    truth = np.eye(num_classes)[labels]
    expected = average_precision_score(truth, probabilities, average="macro")
    assert found["average_precision"] == pytest.approx(expected)
    if num_classes == 2:
        assert brier(probabilities, labels) == pytest.approx(brier_score_loss(labels, scores))
    else:
        assert brier(probabilities, labels) == pytest.approx(
            ((probabilities - truth) ** 2).sum(1).mean()
        )


def test_a_class_without_examples_counts_for_nothing():
    labels = np.array([0, 1, 0, 1])
    probabilities = softmax(np.random.default_rng(0).normal(size=(4, 3)))
    assert np.isnan(by_class(probabilities, labels)["auc"]).tolist() == [False, False, True]
    assert np.isfinite(list(summary(probabilities, labels).values())).all()
    assert summary(probabilities, np.zeros(4, np.int64))["auc"] == 0
