"""Which labels are suspected, given what models and people say."""

import numpy as np
import pytest

from pipeline.clean.labels import check_labels
from pipeline.dataset.annotations import Annotations


def predictions(true: np.ndarray, num_classes: int = 3) -> np.ndarray:
    """Probabilities of a good model: about 0.98 for the true class."""
    random = np.random.default_rng(0)
    found = np.full((len(true), num_classes), 0.01) + random.uniform(0, 0.002, (len(true), 3))
    found[np.arange(len(true)), true] = 0.98
    return found / found.sum(1, keepdims=True)


def test_the_check_finds_exactly_the_planted_flips():
    true = np.arange(90) % 3
    given = true.copy()
    flipped = [3, 17, 40, 71]
    given[flipped] = (true[flipped] + 1) % 3
    probabilities = predictions(true)
    found = check_labels(given, probabilities)
    assert np.flatnonzero(found.is_issue).tolist() == flipped
    assert (found.proposed == true).all()
    assert ((found.quality < 0.5) == found.is_issue).all()
    assert found.noise_rate == pytest.approx(4 / 90, abs=0.01)
    np.testing.assert_allclose(found.noise.sum(1), 1)


def test_the_check_finds_nothing_where_nothing_is_wrong():
    true = np.arange(90) % 3
    found = check_labels(true, predictions(true))
    assert not found.is_issue.any()
    assert found.noise_rate == pytest.approx(0, abs=1e-3)


def test_the_check_manages_without_examples_of_a_class():
    true = np.arange(40) % 2
    given = true.copy()
    given[5] = 0
    found = check_labels(given, predictions(true))
    assert np.flatnonzero(found.is_issue).tolist() == [5]


def test_the_check_refuses_probabilities_that_are_no_numbers():
    probabilities = predictions(np.arange(9) % 3)
    probabilities[4, 1] = np.nan
    with pytest.raises(ValueError, match=r"^out-of-fold probabilities are not finite$"):
        check_labels(np.arange(9) % 3, probabilities)


def test_several_people_outvote_the_source_and_say_who_is_unsure():
    """The source follows the first annotator; the others, and the model, know better."""
    true = np.arange(300) % 3
    given = true.copy()
    flipped = np.arange(0, 300, 10)
    given[flipped] = (true[flipped] + 1) % 3
    unsure = np.full((300, 3), 1 / 3)  # no help from the model
    asked = np.arange(150)
    people = Annotations(
        np.tile(asked, 3),
        np.repeat([0, 1, 2], 150),
        np.concatenate([given[asked], *[true[asked]] * 2]),
    )
    found = check_labels(given, unsure * 0.5 + predictions(true) * 0.5, people)
    assert np.flatnonzero(found.is_issue[:150]).tolist() == flipped[:15].tolist()
    assert (found.proposed[:150] == true[:150]).all()


def test_examples_that_nobody_looked_at_again_have_their_given_label():
    true = np.arange(90) % 3
    nobody = Annotations(*[np.zeros(0, np.int64)] * 3)
    alone = check_labels(true, predictions(true))
    asked = check_labels(true, predictions(true), nobody)
    assert np.array_equal(alone.quality, asked.quality)


def test_trust_sharpens_what_the_model_says():
    """A timid model that is always right: taken at its word it doubts no label, trusted it does."""
    true = np.arange(900) % 3
    given = true.copy()
    given[::10] = (true[::10] + 1) % 3
    timid = np.full((900, 3), 0.31)
    timid[np.arange(900), true] = 0.38
    assert not check_labels(given, timid).is_issue.any()
    found = check_labels(given, timid, trust=15.0)
    assert np.flatnonzero(found.is_issue).tolist() == list(range(0, 900, 10))
