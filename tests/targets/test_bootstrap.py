"""Intervals hold what they promise, in simulations where the truth is known."""

import numpy as np
import pytest
from scipy import sparse

from pipeline.targets import bootstrap
from pipeline.targets.bootstrap import (
    bootstrap_sums,
    error_interval,
    owners_of,
    percentile_interval,
    share_interval,
    swapped_sums,
)
from pipeline.targets.classes.judging.scores import example_scores, metrics_of
from pipeline.targets.classes.measures.metrics import softmax

TEN = np.arange(10) < 9
FIVE_ROWS = sparse.csr_array(np.eye(5))


@pytest.mark.parametrize(
    ("right", "expected"),
    [
        (TEN, (0.5958, 0.9821)),  # Wilson's, as tables have them
        (np.ones(10, bool), (0.7225, 1.0)),
        (np.zeros(10, bool), (0.0, 0.2775)),
        (np.ones(0, bool), (0.0, 1.0)),
    ],
)
def test_the_interval_of_a_share(right, expected):
    assert share_interval(right) == pytest.approx(expected, abs=1e-4)


def test_the_interval_of_a_share_covers_it():
    random = np.random.default_rng(0)
    ends = [share_interval(random.random(200) < 0.97) for _ in range(1000)]
    covered = np.mean([low <= 0.97 <= high for low, high in ends])
    assert 0.93 <= covered <= 0.97


def test_copies_of_an_example_are_no_further_evidence():
    random = np.random.default_rng(1)
    right = random.random(200) < 0.9
    alone = share_interval(right)
    owners = np.repeat(np.arange(200), 10)
    assert share_interval(np.repeat(right, 10), owners) == pytest.approx(alone, abs=2e-3)
    assert share_interval(right, np.arange(200)) == pytest.approx(alone, abs=2e-3)
    sure = np.ones(200, bool)
    assert share_interval(np.repeat(sure, 10), owners) == share_interval(sure)


def test_a_resample_has_as_many_examples_and_each_as_often_as_chance_has_it():
    sums = bootstrap_sums(FIVE_ROWS, 0, num_resamples=4000)
    assert sums.shape == (4000, 5)
    assert (sums.sum(1) == 5).all()
    np.testing.assert_allclose(sums.mean(0), 1, atol=0.06)
    np.testing.assert_allclose(sums.var(0), 0.8, atol=0.08)  # binomial, 5 draws of 1/5


def test_groups_are_drawn_whole():
    sums = bootstrap_sums(FIVE_ROWS, 0, np.array([7, 7, 3, 7, 3]), num_resamples=500)
    assert np.array_equal(sums[:, 0], sums[:, 1])
    assert np.array_equal(sums[:, 0], sums[:, 3])
    assert np.array_equal(sums[:, 2], sums[:, 4])
    assert set(np.unique(sums[:, 0] + sums[:, 2])) == {2}


def test_resamples_depend_on_the_seed_alone(monkeypatch):
    first = bootstrap_sums(FIVE_ROWS, 3, num_resamples=200)
    assert not np.array_equal(bootstrap_sums(FIVE_ROWS, 4, num_resamples=200), first)
    monkeypatch.setattr(bootstrap, "BLOCK_BYTES", 1000)
    assert np.array_equal(bootstrap_sums(FIVE_ROWS, 3, num_resamples=200), first)


def test_a_large_test_split_has_fewer_resamples(monkeypatch):
    monkeypatch.setattr(bootstrap, "MAX_DRAWS", 10_000)
    assert len(bootstrap_sums(FIVE_ROWS, 0, num_resamples=3000)) == 2000
    monkeypatch.setattr(bootstrap, "MAX_DRAWS", 10)
    assert len(bootstrap_sums(FIVE_ROWS, 0, num_resamples=3000)) == bootstrap.MIN_RESAMPLES


def test_a_coin_chooses_each_example_in_half_of_all_cases():
    sums = swapped_sums(FIVE_ROWS, 0, num_resamples=4000)
    assert set(np.unique(sums)) == {0, 1}
    np.testing.assert_allclose(sums.mean(0), 0.5, atol=0.04)
    np.testing.assert_allclose(np.corrcoef(sums.T), np.eye(5), atol=0.06)


def said(random: np.random.Generator, num: int, temperature: float) -> sparse.csr_array:
    """Scores of a model whose probabilities are the truth at temperature 1."""
    logits = random.normal(0, 1.5, (num, 3))
    labels = (softmax(logits).cumsum(1) > random.random((num, 1))).argmax(1)
    return example_scores(softmax(logits / temperature), labels)


@pytest.mark.parametrize("temperature", [1.0, 0.6])
def test_the_bootstrap_covers_the_loss_and_the_calibration_error(temperature):
    random = np.random.default_rng(2)
    true = metrics_of(np.asarray(said(random, 300_000, temperature).sum(0)))
    true_error = 0 if temperature == 1 else float(true["calibration_error"])
    covered = []
    for seed in range(100):
        scores = said(random, 300, temperature)
        estimate = metrics_of(np.asarray(scores.sum(0)))
        drawn = metrics_of(bootstrap_sums(scores, seed, num_resamples=400))
        of_loss = percentile_interval(drawn["loss"])
        of_error = error_interval(float(estimate["calibration_error"]), drawn["calibration_error"])
        covered.append(
            (of_loss[0] <= true["loss"] <= of_loss[1], of_error[0] <= true_error <= of_error[1])
        )
    assert np.mean(covered, axis=0).min() >= 0.87  # 0.95 less what 100 cases may be off


def test_owners():
    assert owners_of(["a", "b"], [None, None]) is None
    owners = owners_of(["a", "b", "c", "x"], ["x", None, "x", None])
    assert owners[0] == owners[2]
    assert len(set(owners.tolist())) == 3
