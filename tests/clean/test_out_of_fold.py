"""Out of fold: no model is asked about an example, or one of its group, that it was trained on."""

import numpy as np
import pytest
import torch

from pipeline.clean.out_of_fold import OutOfFold, assign_folds, fit_temperature, out_of_fold
from pipeline.modalities.images.encode.settings import Flip
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
        self.keys = np.arange(24, dtype=np.uint64)
        self.folds = np.arange(24) % 3
        self.others = toy.examples(8, seed=1).images.numpy()
        self.steps: list[int] = []

    def ask(self, **changes) -> OutOfFold:
        options = {"labels": self.labels, "folds": self.folds, "others": self.others}
        options |= {"recipe": self.toy.recipe(optimizer="muon", lr=0.1), "transforms": []}
        options |= {"on_step": self.steps.append} | changes
        return out_of_fold(
            images=self.images,
            keys=self.keys,
            num_classes=self.toy.num_classes,
            device=self.toy.device,
            **options,
        )


@pytest.fixture
def problem(toy) -> Problem:
    return Problem(toy)


def test_every_example_gets_probabilities_and_embeddings(problem):
    said = problem.ask()
    assert (said.probabilities.shape, said.others.shape) == ((24, 4), (8, 4))
    np.testing.assert_allclose(said.probabilities.sum(1), 1)
    np.testing.assert_allclose(said.others.sum(1), 1)
    assert said.embeddings.shape[0] == 24
    assert said.others_embeddings.shape == (8, said.embeddings.shape[1])
    assert (said.embeddings != 0).any(1).all()
    assert sum(problem.steps) == 24 * 2 * 3  # each trained on by two of the models, for 3 epochs


@pytest.mark.parametrize("transforms", [[], [Flip(name="flip")]], ids=["plain", "augmented"])
def test_a_label_is_unknown_to_the_model_that_is_asked_about_it(problem, transforms):
    """Another label changes what is said in the other folds alone."""
    before = problem.ask(transforms=transforms)
    for row in (0, 10, 23):
        labels = problem.labels.copy()
        labels[row] = (labels[row] + 1) % 4
        after = problem.ask(labels=labels, transforms=transforms)
        unchanged = (before.embeddings == after.embeddings).all(1)
        assert np.array_equal(unchanged, problem.folds == problem.folds[row])


def test_others_hear_the_mean_of_all_models(problem):
    """With a copy of each image in every fold, each model is heard on each image."""
    others = problem.images
    problem.images, problem.labels = np.tile(others, (3, 1, 1, 1)), np.tile(problem.labels, 3)
    problem.folds, problem.keys = np.repeat([0, 1, 2], 24), np.arange(72, dtype=np.uint64)
    said = problem.ask(others=others)
    by_model = said.probabilities.reshape(3, 24, 4)
    assert not np.allclose(by_model[0], by_model[1])
    np.testing.assert_allclose(said.others, by_model.mean(0), atol=1e-5)


def test_no_others(problem):
    said = problem.ask(others=problem.others[:0])
    assert said.others.shape == (0, 4)
    assert np.array_equal(said.probabilities, problem.ask().probabilities)


def test_a_run_that_was_stopped_goes_on_and_ends_in_the_same_bits(problem, tmp_path):
    undisturbed = problem.ask()
    problem.steps.clear()

    def stop_in_the_second_model(num_images: int) -> None:
        problem.steps.append(num_images)
        if sum(problem.steps) > 70:
            raise KeyboardInterrupt

    kept = {"checkpoints": tmp_path, "checkpoint_key": "these inputs"}
    with pytest.raises(KeyboardInterrupt):
        problem.ask(on_step=stop_in_the_second_model, **kept)
    problem.steps.clear()
    resumed = problem.ask(**kept)
    assert np.array_equal(resumed.probabilities, undisturbed.probabilities)
    assert np.array_equal(resumed.embeddings, undisturbed.embeddings)
    assert problem.steps.count(8) == 10  # of 18: one model and an epoch of the next were there
    of_other_inputs = problem.ask(checkpoints=tmp_path, checkpoint_key="other inputs")
    assert np.array_equal(of_other_inputs.probabilities, undisturbed.probabilities)


def test_probabilities_are_calibrated(problem):
    random = np.random.default_rng(0)
    logits = random.normal(0, 1.5, (20_000, 4))
    likely = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    labels = (likely.cumsum(1) > random.random((20_000, 1))).argmax(1)
    assert fit_temperature(logits * 7, labels) == pytest.approx(7, rel=0.05)
    assert fit_temperature(logits / 7, labels) == pytest.approx(1 / 7, rel=0.05)


def test_one_fold_cannot_be_left_out(problem):
    problem.folds = np.zeros(24, np.int64)
    with pytest.raises(GroundworkError, match=r"all examples fall into one fold .* clean.folds: 0"):
        problem.ask()


def test_a_fold_leaves_two_examples_at_least(problem):
    problem.folds = np.eye(24, dtype=np.int64)[0]
    with pytest.raises(GroundworkError, match=r"leaves one example to train on.* clean.folds: 0"):
        problem.ask()


def test_the_same_whatever_torch_drew_before(problem):
    said = problem.ask()
    torch.manual_seed(2)
    assert np.array_equal(problem.ask().probabilities, said.probabilities)


def test_a_wrong_label_among_right_ones_looks_wrong(problem, toy):
    examples = toy.examples(120)
    problem.images, labels = examples.images.numpy(), examples.labels.numpy().copy()
    labels[7] = (labels[7] + 1) % 4
    problem.keys = np.arange(120, dtype=np.uint64)
    recipe = toy.recipe(optimizer="muon", lr=0.1, epochs=10)
    said = problem.ask(labels=labels, folds=np.arange(120) % 3, recipe=recipe).probabilities
    assert said[7, labels[7]] == said[np.arange(120), labels].min()


def test_the_largest_seed_is_a_seed_too(problem, toy):
    said = problem.ask(recipe=toy.recipe(optimizer="muon", lr=0.1, seed=2**32 - 1))
    np.testing.assert_allclose(said.probabilities.sum(1), 1)
