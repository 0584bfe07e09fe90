"""How far networks can be relied on, by logits whose labels are drawn from them."""

import numpy as np
import pytest

from pipeline.dataset.annotations import Annotations
from pipeline.targets.classes.measures.metrics import softmax
from pipeline.targets.classes.noise.reliability import TRUSTED, fit_noise, reliability
from pipeline.targets.opening import open_noise
from pipeline.targets.protocols.noise import Evidence

NUM, TARGET = 1500, {"classes": ["cat", "dog", "bird"]}
HARDLY, WELL = 1.0, 12.0
"""How large logits are: networks that are right on 6 labels in 10, and on nearly all."""


def labelled(size: float, wrong: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Logits `(NUM, 3)`, and labels as likely as they say, a share of which is exchanged."""
    random = np.random.default_rng(seed)
    logits = random.normal(0, size, (NUM, 3))
    chosen = softmax(logits).cumsum(1) > random.random((NUM, 1))
    true = chosen.argmax(1)
    exchanged = random.random(NUM) < wrong
    return logits, np.where(exchanged, (true + random.integers(1, 3, NUM)) % 3, true)


def checked(logits: np.ndarray, given: np.ndarray, people: Annotations | None = None):
    nothing = Evidence(given[:0], np.zeros((3, 0, 3), np.float32), None)
    return open_noise("classes").check_labels(Evidence(given, logits, people), nothing, TARGET)[0]


@pytest.mark.parametrize("wrong", [0.05, 0.1, 0.2])
def test_the_share_of_exchanged_labels_is_found_where_networks_are_good(wrong):
    fit = fit_noise(*labelled(WELL, wrong))
    assert fit.rate == pytest.approx(wrong, abs=0.02)
    assert fit.gain > 6.63
    assert fit.temperature == pytest.approx(1, rel=0.3)


@pytest.mark.parametrize("size", [HARDLY, 3.0, WELL])
@pytest.mark.parametrize("seed", range(3))
def test_labels_that_are_as_likely_as_networks_say_are_not_taken_for_noise(size, seed):
    fit = fit_noise(*labelled(size, 0.0, seed))
    assert fit.gain < 6.63
    assert fit.rate < 0.03


def test_good_networks_are_trusted_and_bad_ones_are_not():
    good, bad = (checked(*labelled(size, 0.1)) for size in (WELL, HARDLY))
    assert good.reliability.trusted
    assert good.reliability.suspects_wrong > 0.8
    assert good.is_issue.any()
    assert (good.is_sure == good.is_issue).all()
    assert not bad.reliability.trusted
    assert bad.is_issue.any(), "they are listed"
    assert not bad.is_sure.any(), "and not acted on"
    assert bad.noise_rate is None, "absent rather than good"
    assert "may all be mistakes of their own" in bad.reliability.reason


def test_accuracy_is_that_on_the_given_labels_beside_guessing():
    logits, given = labelled(WELL, 0.1)
    found = reliability(logits, given, np.zeros(NUM, bool), 1.0)
    assert found.out_of_fold_accuracy == (logits.argmax(1) == given).mean()
    assert found.guessing == np.bincount(given).max() / NUM
    assert found.suspects_wrong == 0
    assert not found.trusted


def test_bad_networks_call_no_label_surely_wrong():
    """All labels are right: what networks find unlikely is likely right all the same."""
    logits, given = labelled(HARDLY, 0.0)
    found = checked(logits, given)
    assert found.is_issue.mean() > 0.1
    assert found.quality[found.is_issue].mean() > 0.8
    assert found.quality.min() > 0.5
    least = found.quality[found.is_issue].max()
    assert least <= found.quality[~found.is_issue].min(), "the suspected come first"


def test_what_people_confirm_is_acted_on_though_networks_are_bad():
    logits, given = labelled(HARDLY, 0.0)
    found = checked(logits, given)
    row = int(np.flatnonzero(found.is_issue)[0])
    other = int(found.proposed[row])
    several = Annotations(np.full(4, row), np.arange(4), np.full(4, other))
    confirmed = checked(logits, given, several)
    assert not confirmed.reliability.trusted
    assert np.flatnonzero(confirmed.is_sure).tolist() == [row]


def test_labels_that_are_all_alike_tell_nothing():
    found = checked(labelled(WELL, 0.0)[0], np.ones(NUM, np.int64))
    assert np.isnan(found.quality).all()
    assert found.noise_rate is None
    assert not found.is_issue.any()
    assert found.reliability.reason == "all labels are the same"


def test_people_who_labelled_each_example_once_tell_nothing():
    given = labelled(WELL, 0.0)[1]
    nothing = Evidence(given[:0], None, None)
    found, none = open_noise("classes").check_labels(Evidence(given, None, None), nothing, TARGET)
    assert np.isnan(found.quality).all()
    assert (found.noise_rate, found.reliability, none) == (None, None, None)


def test_a_check_that_would_find_planted_mistakes_tells_the_share_of_wrong_labels():
    """Clean labels and good networks: nothing to trust, and yet known to be few."""
    found = checked(*labelled(40.0, 0.0))
    assert not found.reliability.trusted
    assert found.reliability.planted_precision > TRUSTED
    assert found.noise_rate is not None
    assert found.noise_rate < 0.05
