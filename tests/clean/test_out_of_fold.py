"""Out of fold: no model is asked about an example, or one of its group, that it was trained on."""

from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from pipeline.clean.folds import assign_folds, folds_of
from pipeline.clean.out_of_fold import OutOfFold, QuickNetwork, out_of_fold
from pipeline.modalities.images.encode.settings import Flip
from pipeline.modalities.opening import open_label_check
from pipeline.runtime.errors import GroundworkError
from pipeline.targets.opening import open_loss

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


CHECK = open_label_check("images")


class Problem:
    """24 toy examples in three folds, eight others, and outputs of networks for both."""

    def __init__(self, toy) -> None:
        self.toy = toy
        self.images, self.labels = self.some(24)
        self.keys = np.arange(24, dtype=np.uint64)
        self.folds = np.arange(24) % 3
        self.others, _ = self.some(8, seed=1)
        self.steps: list[int] = []

    def some(self, num: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
        examples = self.toy.examples(num, seed)
        return examples.inputs["x"].numpy(), examples.y.numpy()

    def quick(self, transforms=()) -> QuickNetwork:
        loaded = np.concatenate([self.images, self.others])
        preparation = CHECK.fit(loaded, np.arange(len(self.images)))
        settings = SimpleNamespace(transforms=list(transforms))

        def vary(inputs, keys, copy, seed):
            return CHECK.vary(inputs, keys, copy, settings, seed)

        return QuickNetwork(
            build=partial(CHECK.build, preparation, self.toy.num_classes),
            inputs=partial(CHECK.inputs, loaded, preparation=preparation),
            vary=vary,
            num_views=CHECK.num_views(settings),
            loss=open_loss("classes"),
            loss_settings=SimpleNamespace(label_smoothing=0.1),
        )

    def ask(self, quick: QuickNetwork | None = None, transforms=(), **changes) -> OutOfFold:
        options = {"labels": self.labels, "folds": self.folds}
        options |= {"recipe": self.toy.recipe(optimizer="muon", lr=0.1)}
        options |= {"on_step": self.steps.append} | changes
        options["folds"] = folds_of(options["folds"])
        num = len(self.images)
        return out_of_fold(
            quick or self.quick(transforms),
            learnt=np.arange(num),
            keys=self.keys,
            others=np.arange(num, num + len(self.others)),
            device=self.toy.device,
            **options,
        )


@pytest.fixture
def problem(toy) -> Problem:
    return Problem(toy)


def test_every_example_gets_outputs_and_embeddings(problem):
    said = problem.ask()
    assert (said.outputs.shape, said.others.shape) == ((24, 4), (3, 8, 4))
    assert (said.outputs.dtype, said.others.dtype) == (np.float32, np.float32)
    assert (said.outputs != 0).any(1).all()
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


def test_others_are_asked_about_by_all_networks(problem):
    """With a copy of each example in every fold, each network is heard on each."""
    problem.others = problem.images
    problem.images, problem.labels = (
        np.tile(problem.others, (3, 1, 1, 1)),
        np.tile(problem.labels, 3),
    )
    problem.folds, problem.keys = np.repeat([0, 1, 2], 24), np.arange(72, dtype=np.uint64)
    said = problem.ask()
    by_network = said.outputs.reshape(3, 24, 4)
    assert not np.allclose(by_network[0], by_network[1])
    np.testing.assert_allclose(said.others, by_network, atol=1e-5)


def test_no_others(problem):
    before = problem.ask()
    problem.others = problem.others[:0]
    said = problem.ask()
    assert said.others.shape == (3, 0, 4)
    assert np.array_equal(said.outputs, before.outputs)


@pytest.mark.parametrize("num_others", [0, 8])
def test_what_is_kept_comes_back(problem, num_others):
    problem.others = problem.others[:num_others]
    said = problem.ask()
    again = OutOfFold.of(said.table())
    for name, values in vars(said).items():
        found = getattr(again, name)
        assert found.dtype == values.dtype, name
        assert np.array_equal(found, values) or (not values.size and not found.size), name
    assert again.others.shape == said.others.shape


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
    assert np.array_equal(resumed.outputs, undisturbed.outputs)
    assert np.array_equal(resumed.embeddings, undisturbed.embeddings)
    assert problem.steps.count(8) == 10  # of 18: one model and an epoch of the next were there
    of_other_inputs = problem.ask(checkpoints=tmp_path, checkpoint_key="other inputs")
    assert np.array_equal(of_other_inputs.outputs, undisturbed.outputs)


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
    assert np.array_equal(problem.ask().outputs, said.outputs)


def test_a_wrong_label_among_right_ones_looks_wrong(problem, toy):
    problem.images, labels = problem.some(120)
    labels = labels.copy()
    labels[7] = (labels[7] + 1) % 4
    problem.keys = np.arange(120, dtype=np.uint64)
    recipe = toy.recipe(optimizer="muon", lr=0.1, epochs=10)
    said = problem.ask(labels=labels, folds=np.arange(120) % 3, recipe=recipe).outputs
    margins = said[np.arange(120), labels] - said.max(1)
    assert margins[7] == margins.min() < 0


def test_the_largest_seed_is_a_seed_too(problem, toy):
    said = problem.ask(recipe=toy.recipe(optimizer="muon", lr=0.1, seed=2**32 - 1))
    assert np.isfinite(said.outputs).all()


class Centres(nn.Module):
    """Fits itself: the mean of each label's examples; outputs are how near they are."""

    def fit(self, inputs, y) -> None:
        numbers = inputs["numbers"]
        self.centres = torch.from_numpy(np.stack([numbers[y == k].mean(0) for k in range(2)]))

    def embed(self, inputs):
        return inputs["numbers"]

    def read_out(self, embeddings):
        return -torch.cdist(embeddings, self.centres)


def test_examples_of_another_modality_and_networks_that_fit_themselves(problem):
    """Two clouds of points, one of which has a wrong label."""
    random = np.random.default_rng(0)
    true = np.arange(60) % 2
    points = (random.normal(0, 0.3, (60, 3)) + true[:, None]).astype(np.float32)
    labels = true.copy()
    labels[13] = 0
    quick = QuickNetwork(
        build=Centres,
        inputs=lambda rows: {"numbers": points[rows]},
        vary=lambda inputs, keys, copy, seed: inputs,
        num_views=1,
        loss=open_loss("classes"),
        loss_settings=None,
    )
    said = out_of_fold(
        quick,
        np.arange(50),
        labels[:50],
        np.arange(50, dtype=np.uint64),
        folds_of(np.arange(50) % 3),
        np.arange(50, 60),
        recipe=problem.toy.recipe(epochs=2),
        device=problem.toy.device,
        on_step=problem.steps.append,
    )
    assert np.flatnonzero(said.outputs.argmax(1) != labels[:50]).tolist() == [13]
    assert (said.others.argmax(2) == true[50:]).all()
    assert said.embeddings.shape == (50, 3)
    assert sum(problem.steps) == 2 * 50 * 2
