"""The loop learns, keeps its best epoch, and says when it cannot go on."""

from itertools import count

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from pipeline.learning.batches import Examples, InMemory, make_examples
from pipeline.learning.fitting import loop
from pipeline.learning.fitting.loop import fit
from pipeline.learning.fitting.ranks import ONE_RANK
from pipeline.learning.fitting.recipe import WARMUP_FRACTION, schedule
from pipeline.learning.fitting.selection import is_best
from pipeline.modalities.images.encode.settings import Cutout, Flip, Translate
from pipeline.modalities.images.modules.whitened import WhitenedCNN
from pipeline.modalities.protocols.network import Moment
from pipeline.targets.classes.loss import interface as loss
from tests.support.training import assert_same_weights, contrary, every_epoch, train

# What is learnt


@pytest.mark.parametrize(
    ("optimizer", "schedule"),
    [("sgd", "constant"), ("adam", "linear"), ("adamw", "cosine"), ("muon", "linear")],
)
def test_a_separable_problem_is_learnt(toy, optimizer, schedule):
    network = toy.network()
    fitted = toy.fit(
        network,
        toy.recipe(optimizer=optimizer, schedule=schedule, epochs=5),
        every_epoch(toy.examples(200)),
        toy.examples(100, seed=1),
    )
    assert fitted.history[-1]["train_loss"] < fitted.history[0]["train_loss"]
    unseen = toy.examples(300, seed=2)
    said = toy.predict(network, unseen.inputs).argmax(1)
    assert (said == unseen.y.numpy()).mean() > 0.97


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no CUDA device here")
def test_an_epoch_on_a_gpu_in_bf16(toy_on_gpu):
    toy = toy_on_gpu
    network = toy.network()
    fitted = toy.fit(
        network,
        toy.recipe(epochs=1, optimizer="adam"),
        every_epoch(toy.examples(1000)),
        toy.examples(200, seed=1),
    )
    assert {parameter.device.type for parameter in network.parameters()} == {"cuda"}
    assert {parameter.dtype for parameter in network.parameters()} == {torch.float32}
    assert fitted.num_examples == 1000
    assert fitted.history[0]["val_accuracy"] > 0.9


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no CUDA device here")
def test_examples_that_every_epoch_has_go_to_a_gpu_once(toy_on_gpu):
    toy = toy_on_gpu
    run = loop._Run(toy.sees(toy.network()), toy.recipe(), loss, toy.device, None, ONE_RANK)
    same, other = toy.examples(100), toy.examples(100, seed=1)
    first, second, third = (run.open(examples).examples for examples in (same, same, other))
    assert first is second
    assert {part.inputs["x"].device.type for part in (first, third)} == {"cuda"}
    assert torch.equal(third.inputs["x"].cpu(), other.inputs["x"])


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no CUDA device here")
@pytest.mark.parametrize("optimizer", ["sgd", "adam", "muon"])
@pytest.mark.parametrize("where", ["cpu", "cuda"])
def test_no_step_waits_for_the_gpu(toy_on_gpu, where, optimizer):
    toy = toy_on_gpu
    examples = toy.examples(1000)
    source = InMemory(examples.each(lambda values: values.to(where)))
    steps = count()

    def on_step(num_examples: int) -> None:
        step = next(steps)  # the 0th is what lies behind
        if step in (4, 28):
            torch.cuda.set_sync_debug_mode("error" if step == 4 else "default")

    transforms = [
        Flip(name="flip", probability=0.5),
        Translate(name="translate", fraction=0.25),
        Cutout(name="cutout", fraction=0.25),
    ]
    recipe = toy.recipe(epochs=1, batch_size=33, optimizer=optimizer)
    network = WhitenedCNN(4, 4, 1, 4)
    try:
        toy.fit(
            network,
            recipe,
            lambda epoch: source,
            seeing={"transforms": transforms},
            on_step=on_step,
        )
    finally:
        torch.cuda.set_sync_debug_mode("default")
    assert next(steps) == 1 + 31


def test_a_run_is_a_function_of_its_recipe_and_examples(toy):
    first, fitted = train(toy)
    torch.rand(1000)
    np.random.rand(1000)
    second, again = train(toy)
    assert_same_weights(first, second)
    assert fitted.history == again.history
    other, _ = train(toy, lr=0.02)
    assert not torch.equal(first[-1].weight, other[-1].weight)


def test_epochs_are_read_one_after_the_other(toy):
    asked = []

    def epochs(epoch: int) -> Examples:
        asked.append(epoch)
        return toy.examples(16, seed=epoch)

    toy.fit(toy.network(), toy.recipe(), epochs, None)
    assert asked == [0, 1, 2]


def test_what_is_told_meanwhile(toy):
    steps, rows = [], []
    _, fitted = train(toy, told={"on_step": steps.append, "on_epoch": rows.append})
    assert [num for num in steps if num] == [8, 8, 8, 9] * 3
    assert fitted.num_examples == 33 * 3
    assert fitted.seconds == sum(row["seconds"] for row in fitted.speed) > 0
    assert [(row["epoch"], row["num_examples"]) for row in fitted.speed] == [
        (1, 33),
        (2, 33),
        (3, 33),
    ]
    assert rows == fitted.history
    assert [row["epoch"] for row in rows] == [1, 2, 3]
    assert all(
        list(row) == ["epoch", "lr", "train_loss", "train_accuracy", "val_loss", "val_accuracy"]
        for row in rows
    )


class Looking(nn.Sequential):
    """A network with both of the optional methods."""

    def __init__(self, *layers: nn.Module) -> None:
        super().__init__(*layers)
        self.calls: list[object] = []

    def look_at(self, inputs: torch.Tensor) -> None:
        self.calls.append(tuple(inputs.shape))

    def begin_epoch(self, done: float) -> None:
        self.calls.append(done)


def test_a_network_may_look_at_inputs_first_and_at_the_fraction_that_is_done(toy):
    network = Looking(*toy.network())
    examples = every_epoch(toy.examples(33))
    toy.fit(network, toy.recipe(epochs=4), examples, None)
    assert network.calls == [(33, 1, 4, 4), 0.0, 0.25, 0.5, 0.75]


class OfTwoColumns(nn.Module):
    """A network of any two columns, which notes the moments of its batches."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(5, 3)
        self.moments: list[Moment] = []

    def vary(self, inputs: dict, moment: Moment) -> dict:
        self.moments.append(moment)
        return inputs | {"numbers": inputs["numbers"] + 0.01}

    def forward(self, inputs: dict) -> torch.Tensor:
        row = torch.cat([inputs["numbers"], inputs["codes"].float()], 1)
        return self.head(row)


def test_a_network_takes_any_columns_and_may_vary_batches(toy):
    random = np.random.default_rng(0)
    codes = random.integers(0, 3, (33, 1), np.int32)
    inputs = {"numbers": random.normal(size=(33, 4)).astype(np.float32), "codes": codes}
    examples = make_examples(inputs, codes[:, 0], np.ones(33))
    network = OfTwoColumns()
    recipe = toy.recipe(epochs=2)
    fitted = fit(network, recipe, every_epoch(examples), examples, loss, toy.device)
    assert fitted.history[1]["val_loss"] < fitted.history[0]["val_loss"]
    sizes = [8, 8, 8, 9]
    assert network.moments == [
        Moment(3, epoch, step, epoch / 2, (0, size, size))
        for epoch in (0, 1)
        for step, size in enumerate(sizes)
    ]


# Which epoch is kept


def test_the_best_epoch_is_kept_and_patience_ends_training(toy):
    network, validation = toy.network(), contrary(toy.examples(50, seed=1))
    fitted = toy.fit(
        network,
        toy.recipe(epochs=10, patience=2),
        every_epoch(toy.examples(100)),
        validation,
    )
    assert (fitted.best_epoch, len(fitted.history)) == (1, 3)
    logits = torch.from_numpy(toy.predict(network, validation.inputs))
    assert float(F.cross_entropy(logits, validation.y)) == fitted.history[0]["val_loss"]
    assert fitted.history[0]["val_loss"] < fitted.history[1]["val_loss"]


@pytest.mark.parametrize(
    ("scores", "best"),
    [
        ([(0.5, 1.0)], 1),
        ([(0.5, 1.0), (0.6, 2.0)], 2),  # more accurate, whatever the loss
        ([(0.5, 1.0), (0.5, 0.9)], 2),  # as accurate, of less loss
        ([(0.5, 1.0), (0.5, 1.0)], 1),  # equal: the first
        ([(0.6, 1.0), (0.5, 0.1), (0.6, 1.1)], 1),
    ],
)
def test_the_best_epoch_is_the_most_accurate_then_of_least_loss_then_the_first(scores, best):
    history, best_epoch = [], 0
    for epoch, (accuracy, val_loss) in enumerate(scores, 1):
        history.append({"val_accuracy": accuracy, "val_loss": val_loss})
        if is_best(history, loss):
            best_epoch = epoch
    assert best_epoch == best


def test_without_validation_the_last_epoch_is_kept(toy):
    rows = []
    fitted = toy.fit(
        toy.network(),
        toy.recipe(epochs=4, patience=1),
        every_epoch(toy.examples(16)),
        None,
        on_epoch=rows.append,
    )
    assert fitted.best_epoch == 4
    assert [list(row) for row in rows] == [["epoch", "lr", "train_loss", "train_accuracy"]] * 4


# What each example counts


def linear_weights(toy, examples: Examples, **changes) -> torch.Tensor:
    """Weights of a network without batch norm, in which examples meet in the loss alone."""
    torch.manual_seed(0)
    network = nn.Sequential(nn.Flatten(), nn.Linear(16, 4))
    recipe = toy.recipe(**changes)
    toy.fit(network, recipe, every_epoch(examples), None)
    return network[1].weight.detach()


def test_an_example_of_no_weight_teaches_nothing(toy):
    examples = toy.examples(33)
    weights = torch.ones(33)
    weights[::3] = 0
    lying = torch.where(weights == 0, (examples.y + 1) % 4, examples.y)
    ignored = linear_weights(toy, examples._replace(y=lying, weights=weights))
    assert torch.equal(linear_weights(toy, examples._replace(weights=weights)), ignored)
    heard = linear_weights(toy, examples._replace(y=lying))
    assert not torch.allclose(heard, ignored)


def test_an_example_of_weight_two_counts_as_two(toy):
    one = toy.examples(8)
    twice = one.each(lambda values: torch.cat([values, values[:3]]))
    weighted = one._replace(weights=torch.tensor([2.0] * 3 + [1.0] * 5))
    recipe = {"batch_size": 100, "optimizer": "sgd", "weight_decay": 0.0}
    in_one, in_two = (linear_weights(toy, examples, **recipe) for examples in (weighted, twice))
    assert torch.allclose(in_one, in_two, atol=1e-6)
    assert not torch.allclose(in_one, linear_weights(toy, one, **recipe), atol=1e-6)


# Learning rate and weight decay


@pytest.mark.parametrize("name", ["constant", "cosine", "linear"])
@pytest.mark.parametrize("num_steps", [1, 5, 100, 10_000])
def test_schedules_rise_then_never_rise_again(name, num_steps):
    one_step = 1 / num_steps
    factors = [schedule(name, step / num_steps, one_step) for step in range(num_steps)]
    assert all(0 < factor <= 1 for factor in factors)
    top = factors.index(max(factors))
    assert factors[:top] == sorted(factors[:top])
    assert factors[top:] == sorted(factors[top:], reverse=True)
    assert top / num_steps <= WARMUP_FRACTION + one_step


@pytest.mark.parametrize(
    ("name", "halfway", "end"), [("constant", 1.0, 1.0), ("cosine", 0.5, 0.0), ("linear", 0.5, 0.0)]
)
def test_values_of_the_schedules(name, halfway, end):
    one_step = 0.001
    assert schedule(name, 0.0, one_step) == pytest.approx(0.001 / 0.051)
    assert schedule(name, 0.05, one_step) == 1
    assert schedule(name, 0.525, one_step) == pytest.approx(halfway)
    assert schedule(name, 1.0, one_step) == pytest.approx(end, abs=1e-12)


def test_the_learning_rate_of_each_epoch_is_in_the_history(toy):
    _, fitted = train(toy, schedule="linear", lr=0.01)
    expected = [0.01 * schedule("linear", step / 12, 1 / 12) for step in (3, 7, 11)]
    assert [row["lr"] for row in fitted.history] == pytest.approx(expected)
