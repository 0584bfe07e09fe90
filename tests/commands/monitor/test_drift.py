"""Drift: the level that is stated is kept, and changes are noticed."""

import numpy as np
import pytest

from pipeline.commands.monitor.drift import (
    LEVEL,
    Reference,
    Traffic,
    normal_scores,
    tail_quantile,
)
from pipeline.commands.monitor.estimate import estimate, labelled, wilson
from pipeline.export.reference import make_reference
from pipeline.targets.opening import open_answers

NUM, WIDTH = 2000, 8
CHOICES, NUMBERS = (open_answers(name).outputs for name in ("classes", "numbers"))


def drawn(num, seed, *, shift=0.0, shares=(0.5, 0.3, 0.2), heavy=True):
    """Measurements (one with heavy tails, one that never varies), answers and embeddings."""
    random = np.random.default_rng(seed)
    tails = random.standard_t(2, num) if heavy else random.normal(size=num)
    measured = {"sharpness": tails + shift, "width": np.full(num, 32.0)}
    chosen = random.choice(3, num, p=shares)
    logits = random.normal(0, 1, (num, 3)) + 3 * np.eye(3)[chosen]
    answers = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    embedding = random.normal(0, [5, 4, 3, 2, 1, 1, 1, 1], (num, WIDTH)).astype(np.float32)
    return measured, answers, embedding


@pytest.fixture(scope="module")
def reference() -> Reference:
    measured, answers, embedding = drawn(NUM, 0)
    return Reference(make_reference(measured, {}, answers, embedding), outputs=CHOICES)


def alarms(reference, size, num, seed, **changes):
    traffic = reference.take(*drawn(size * num, seed, **changes))
    found = reference.statistics(traffic, size)
    return {name: shares > 1 for name, shares in found.items()}


def test_false_alarms_are_as_rare_as_stated(reference):
    for size in (100, 400):
        found = alarms(reference, size, 1500, seed=size)
        num = int(np.stack(list(found.values())).any(0).sum())
        assert num <= 1500 * LEVEL * 2 + 4, size


def test_a_shift_of_heavy_tails_is_noticed(reference):
    found = alarms(reference, 200, 50, seed=5, shift=0.8)
    assert found["sharpness"].mean() > 0.9
    assert found["embedding"].mean() == 0


def test_other_shares_of_answers_are_noticed(reference):
    assert alarms(reference, 400, 50, seed=6, shares=(0.2, 0.3, 0.5))["shares of answers"].all()


def test_a_value_that_never_was_is_noticed_if_it_is_no_single_one(reference):
    measured, answers, embedding = drawn(200, 7)
    for num, is_alarm in ((1, False), (20, True)):
        width = measured["width"].copy()
        width[:num] = 64
        traffic = reference.take({**measured, "width": width}, answers, embedding)
        assert bool(reference.statistics(traffic, 200)["width"][0] > 1) is is_alarm


def test_what_was_not_measured_is_unknown(reference):
    measured, answers, embedding = drawn(200, 8)
    del measured["sharpness"]
    found = reference.statistics(reference.take(measured, answers, embedding), 100)
    assert np.isnan(found["sharpness"]).all()
    assert not np.isnan(found["embedding"]).any()


def test_thresholds_are_the_same_each_time(reference):
    again = Reference(reference._arrays, outputs=CHOICES)
    assert again.thresholds(100) == reference.thresholds(100)


def test_numbers_have_no_confidence():
    measured, _, embedding = drawn(NUM, 9)
    answers = np.random.default_rng(9).normal(size=(NUM, 1))
    reference = Reference(make_reference(measured, {}, answers, embedding), outputs=NUMBERS)
    assert set(reference.families) == {
        "sharpness", "width", "answers", "embedding", "embedding spread"
    }  # fmt: skip
    traffic = reference.take(measured, answers + 1, embedding)
    assert (reference.statistics(traffic, 200)["answers"] > 1).all()


def test_normal_scores_are_of_ranks():
    known = np.arange(99.0)[:, None]
    scores = normal_scores(np.array([[49.0], [-1e9], [1e9], [np.nan]]), known)[:, 0]
    assert scores[0] == 0
    assert scores[1] == pytest.approx(-scores[2])
    assert scores[1] == pytest.approx(-2.5758, abs=1e-4)
    assert np.isnan(scores[3])


def test_a_tail_beyond_what_was_drawn():
    values = np.random.default_rng(0).exponential(1, 20_000)
    assert tail_quantile(values, 1e-5) == pytest.approx(np.log(1e5), rel=0.15)


def test_accuracy_is_given_while_nothing_drifts():
    confidences = np.full(400, 0.8)
    assert estimate(confidences, []).value == pytest.approx(0.8)
    unlike = estimate(confidences, {"width", "embedding"})
    assert (unlike.value, unlike.reason) == (
        None, "not like validation: embedding, width; label some"
    )  # fmt: skip
    assert estimate(None, []).value is None


def test_labels_that_came():
    found = labelled([0, 1, 0, 0, None], "accuracy", 0.5)
    assert (found.num, found.name, found.value) == (4, "accuracy", 0.75)
    assert found.low < 0.75 < found.high
    numbers = labelled([0.5, None], "mean absolute error", None)
    assert (numbers.num, numbers.name, numbers.value) == (1, "mean absolute error", 0.5)
    assert labelled([], "accuracy", 0.5) is None
    assert labelled([None], "mean absolute error", None) is None
    assert wilson(0.5, 100)[1] == pytest.approx(0.0962, abs=1e-3)


def test_traffic_is_cut_in_rows():
    traffic = Traffic(np.zeros((5, 2)), np.zeros((5, 3)), np.zeros((5, 1)))
    assert len(traffic.rows(slice(2, None))) == 3
