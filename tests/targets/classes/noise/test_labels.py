"""Which label is right, by what models and people say, against planted truth."""

import numpy as np
import pytest

from pipeline.dataset.annotations import Annotations
from pipeline.targets.classes.noise.labels import check_labels, infer_true_labels


class Crowd:
    """Planted truth, a fair model of it, and annotators each right as often as `skills` says."""

    def __init__(self, num: int, skills: list[float], num_classes: int = 4, seed: int = 0) -> None:
        random = np.random.default_rng(seed)
        self.truth = random.integers(0, num_classes, num)
        sharp = random.normal(0, 1, (num, num_classes))
        sharp[np.arange(num), self.truth] += 2
        self.probabilities = np.exp(sharp) / np.exp(sharp).sum(1, keepdims=True)
        self.rows = np.tile(np.arange(num), len(skills))
        self.annotators = np.repeat(np.arange(len(skills)), num)
        right = random.random(len(self.rows)) < np.array(skills)[self.annotators]
        wrong = (self.truth[self.rows] + random.integers(1, num_classes, len(right))) % num_classes
        self.labels = np.where(right, self.truth[self.rows], wrong)

    def infer(self, order: np.ndarray | None = None):
        order = np.arange(len(self.rows)) if order is None else order
        return infer_true_labels(
            self.probabilities, self.rows[order], self.annotators[order], self.labels[order]
        )


def test_annotators_and_model_together_are_better_than_each():
    crowd = Crowd(4000, [0.9, 0.7, 0.6])
    posterior = crowd.infer().posterior
    wrong = (posterior.argmax(1) != crowd.truth).mean()
    best_annotator = (crowd.labels[:4000] != crowd.truth).mean()
    model = (crowd.probabilities.argmax(1) != crowd.truth).mean()
    assert wrong < 0.5 * min(best_annotator, model)
    np.testing.assert_allclose(posterior.sum(1), 1)


def test_skill_is_found_also_of_one_who_is_mostly_wrong():
    found = Crowd(4000, [0.95, 0.8, 0.2]).infer()
    np.testing.assert_allclose(found.accuracy, [0.95, 0.8, 0.2], atol=0.03)


def test_who_mixes_up_two_classes_is_known_for_it():
    crowd = Crowd(3000, [1.0])
    swapped = np.array([1, 0, 2, 3])[crowd.truth]
    chosen = np.random.default_rng(1).random(3000) < 0.4
    crowd.labels = np.where(chosen, swapped, crowd.truth)
    confusion = crowd.infer().confusion
    expected = np.eye(4)
    expected[:2, :2] = [[0.6, 0.4], [0.4, 0.6]]
    np.testing.assert_allclose(confusion, expected, atol=0.05)
    np.testing.assert_allclose(confusion.sum(1), 1)


def test_neither_the_order_of_labels_nor_the_names_of_annotators_matter():
    crowd = Crowd(300, [0.9, 0.6])
    found = crowd.infer()
    shuffled = crowd.infer(np.random.default_rng(0).permutation(600))
    np.testing.assert_allclose(shuffled.posterior, found.posterior, atol=1e-9)
    crowd.annotators = 1 - crowd.annotators
    swapped = crowd.infer()
    np.testing.assert_allclose(swapped.posterior, found.posterior, atol=1e-9)
    np.testing.assert_allclose(swapped.accuracy, found.accuracy[::-1], atol=1e-9)


def test_an_example_without_a_label_is_what_the_model_says():
    crowd = Crowd(100, [0.9])
    posterior = crowd.infer(np.arange(1, 100)).posterior
    np.testing.assert_allclose(posterior[0], crowd.probabilities[0])


def test_crowds_of_thousands_share_what_each_has_too_few_labels_for():
    """Ten labels each say little of a person, but the crowd as a whole is known."""
    random = np.random.default_rng(0)
    crowd = Crowd(20_000, [0.8])
    crowd.annotators = random.integers(0, 2000, 20_000)
    found = crowd.infer()
    assert found.accuracy.shape == (2000,)
    np.testing.assert_allclose(np.diag(found.confusion), 0.8, atol=0.05)


def test_probabilities_that_are_no_numbers_are_refused():
    crowd = Crowd(9, [1.0])
    crowd.probabilities[4, 1] = np.nan
    with pytest.raises(ValueError, match=r"^out-of-fold probabilities are not finite$"):
        crowd.infer()


def test_without_a_model_annotators_know_each_other():
    """Dawid & Skene's method: the one who is always wrong is outvoted, and then believed less."""
    crowd = Crowd(3000, [0.9, 0.8, 0.8, 0.3])
    crowd.probabilities = np.full((3000, 4), 0.25)
    found = crowd.infer()
    assert (found.posterior.argmax(1) != crowd.truth).mean() < 0.07
    np.testing.assert_allclose(found.accuracy, [0.9, 0.8, 0.8, 0.3], atol=0.03)


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
