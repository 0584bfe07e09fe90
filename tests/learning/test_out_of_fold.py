"""Out of fold: no model is asked about an example, or one of its group, that it was trained on."""

import numpy as np
import pytest
import torch

from pipeline.learning.out_of_fold import assign_folds, out_of_fold_probabilities
from pipeline.runtime.errors import GroundworkError

OWNERS = [f"patient {number // 3}" for number in range(3000)]


@pytest.mark.parametrize("num_folds", [2, 3, 10])
def test_groups_never_straddle_folds(num_folds):
    folds = assign_folds(OWNERS, 0, num_folds)
    assert folds.shape == (3000,)
    of_group = {}
    for owner, fold in zip(OWNERS, folds, strict=True):
        assert of_group.setdefault(owner, fold) == fold
    assert sorted(set(folds)) == list(range(num_folds))
    counts = np.bincount(folds)
    assert counts.min() > 0.75 * 3000 / num_folds
    assert counts.max() < 1.25 * 3000 / num_folds


def test_folds_stay_when_examples_come_go_or_move():
    folds = dict(zip(OWNERS, assign_folds(OWNERS, 0, 3), strict=True))
    others = [*reversed(OWNERS[::2]), "patient new"]
    again = dict(zip(others, assign_folds(others, 0, 3), strict=True))
    assert {owner: again[owner] for owner in others[:-1]} == {o: folds[o] for o in others[:-1]}


def test_folds_depend_on_the_seed():
    assert (assign_folds(OWNERS, 0, 3) != assign_folds(OWNERS, 1, 3)).any()


class Problem:
    """24 toy examples in three folds, eight others, and what models say of both."""

    def __init__(self, toy) -> None:
        self.toy = toy
        examples = toy.examples(24)
        self.images, self.labels = examples.images.numpy(), examples.labels.numpy()
        self.folds = np.arange(24) % 3
        self.others = toy.examples(8, seed=1).images.numpy()
        self.steps: list[int] = []

    def probabilities(self, **changes) -> tuple[np.ndarray, np.ndarray]:
        options = {"labels": self.labels, "folds": self.folds, "others": self.others}
        options |= {"recipe": self.toy.recipe()} | changes
        return out_of_fold_probabilities(
            images=self.images,
            model="article_cnn",
            num_classes=self.toy.num_classes,
            device=self.toy.device,
            on_step=self.steps.append,
            **options,
        )


@pytest.fixture
def problem(toy) -> Problem:
    return Problem(toy)


def test_every_example_gets_probabilities(problem):
    said, of_others = problem.probabilities()
    assert (said.shape, of_others.shape) == ((24, 4), (8, 4))
    np.testing.assert_allclose(said.sum(1), 1)
    np.testing.assert_allclose(of_others.sum(1), 1)
    assert sum(problem.steps) == 24 * 2 * 3  # each trained on by two of the models, for 3 epochs


def test_a_label_is_unknown_to_the_model_that_is_asked_about_it(problem):
    """Another label changes what is said in the other folds alone, and to the last bit so."""
    before, _ = problem.probabilities()
    for row in (0, 10, 23):
        labels = problem.labels.copy()
        labels[row] = (labels[row] + 1) % 4
        after, _ = problem.probabilities(labels=labels)
        unchanged = (before == after).all(1)
        assert np.array_equal(unchanged, problem.folds == problem.folds[row])


def test_others_hear_the_mean_of_all_models(problem):
    """With a copy of each image in every fold, each model is heard on each image."""
    others = problem.images
    problem.images, problem.labels = np.tile(others, (3, 1, 1, 1)), np.tile(problem.labels, 3)
    problem.folds = np.repeat([0, 1, 2], 24)
    said, of_others = problem.probabilities(others=others)
    by_model = said.reshape(3, 24, 4)
    assert not np.allclose(by_model[0], by_model[1])
    np.testing.assert_allclose(of_others, by_model.mean(0), atol=1e-6)


def test_no_others(problem):
    said, of_others = problem.probabilities(others=problem.others[:0])
    assert of_others.shape == (0, 4)
    assert np.array_equal(said, problem.probabilities()[0])


def test_the_result_does_not_depend_on_global_randomness(problem):
    torch.manual_seed(1)
    first, of_others = problem.probabilities()
    torch.manual_seed(2)
    second, again = problem.probabilities()
    assert np.array_equal(first, second)
    assert np.array_equal(of_others, again)


def test_a_wrong_label_among_right_ones_looks_wrong(problem, toy):
    examples = toy.examples(120)
    problem.images, labels = examples.images.numpy(), examples.labels.numpy().copy()
    labels[7] = (labels[7] + 1) % 4
    said, _ = problem.probabilities(
        labels=labels, folds=np.arange(120) % 3, recipe=toy.recipe(epochs=10)
    )
    assert said[7, labels[7]] == said[np.arange(120), labels].min()


def test_the_largest_seed_is_a_seed_too(problem, toy):
    said, _ = problem.probabilities(recipe=toy.recipe(seed=2**32 - 1))
    np.testing.assert_allclose(said.sum(1), 1)


def test_examples_that_all_fall_into_one_fold_are_an_error(problem):
    """As when all are of one group: no model can be trained without them."""
    with pytest.raises(GroundworkError, match="fold"):
        problem.probabilities(folds=np.zeros(24, np.int64))
