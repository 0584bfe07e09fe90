"""A loss, gradient or weight that is no finite number ends training, and nothing of it is kept."""

import copy

import pytest
import torch
from torch import nn

from pipeline.learning.device import Device
from pipeline.learning.fitting import finite
from pipeline.learning.fitting.checkpoint import Checkpoint
from pipeline.learning.fitting.finite import FiniteGuard
from pipeline.runtime.errors import TrainingError
from tests.support.training import assert_same_weights, every_epoch, train

OPTIMIZERS = ["sgd", "adam", "adamw", "muon"]


@pytest.fixture
def look_seldom(monkeypatch) -> None:
    """As on a GPU, where looking at each step would cost time."""
    monkeypatch.setattr(finite, "LOOK_EVERY_STEPS", {"cpu": 50})


class BadGradient(torch.autograd.Function):
    """Passes values as they are, and makes the last of the gradients no number."""

    @staticmethod
    def forward(ctx, values):
        return values.clone()

    @staticmethod
    def backward(ctx, gradient):
        gradient = gradient.clone()
        gradient[-1, -1] = torch.nan
        return gradient


class Spoilt(nn.Module):
    """A network whose loss, or whose gradient alone, is no number from some training step on."""

    def __init__(self, toy, step: int, what: str) -> None:
        super().__init__()
        self.network = toy.network()
        self.what, self.steps_left = what, step
        self.before: dict | None = None  # its weights before that step

    def forward(self, images):
        logits = self.network(images)
        if not self.training:
            return logits
        self.steps_left -= 1
        if self.steps_left > 0:
            return logits
        if self.before is None:
            self.before = copy.deepcopy(dict(self.named_parameters()))
        return logits * torch.inf if self.what == "loss" else BadGradient.apply(logits)


def train_spoilt(toy, step: int, what: str, told: dict | None = None, **changes) -> Spoilt:
    network = Spoilt(toy, step, what)
    with pytest.raises(TrainingError) as caught:
        toy.fit(
            network,
            toy.recipe(**changes),
            every_epoch(toy.examples(33)),
            toy.examples(20, seed=1),
            **(told or {}),
        )
    epoch, step = divmod(step - 1, 4)
    assert caught.value.what.startswith(
        "the loss or its gradient is no longer a finite number in "
        f"epoch {epoch + 1}, step {step + 1}: that update was not made"
    )
    return network


def test_what_the_error_says(toy):
    with pytest.raises(TrainingError) as caught:
        train(toy, lr=1e38, optimizer="sgd")
    assert str(caught.value) == (
        "ERROR the loss or its gradient is no longer a finite number in epoch 1, step 2: that "
        "update was not made (lr 1e+38, optimizer sgd) | fix: try a smaller lr, such as 3.3e+37"
    )


def test_in_bf16_the_error_names_the_precision_too(toy):
    guard = FiniteGuard(toy.network(), Device("cpu", bf16=True), lr=0.3, optimizer="sgd")
    with pytest.raises(TrainingError) as caught:
        guard.check_validation(torch.inf)
    assert str(caught.value) == (
        "ERROR the validation loss of epoch 1 is inf (lr 0.3, optimizer sgd) "
        "| fix: try a smaller lr, such as 0.1, or train.precision: fp32"
    )


@pytest.mark.parametrize("what", ["loss", "gradient"])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("step", [1, 3, 4, 7])
def test_the_update_is_not_made(toy, step, optimizer, what):
    network = train_spoilt(toy, step, what, optimizer=optimizer)
    assert all(torch.equal(p, network.before[name]) for name, p in network.named_parameters())


@pytest.mark.usefixtures("look_seldom")
@pytest.mark.parametrize("what", ["loss", "gradient"])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("step", [1, 3, 4, 7])
def test_nor_are_those_that_follow_until_the_host_looks(toy, step, optimizer, what):
    """The epoch goes on to its end, where the error still names the step."""
    network = train_spoilt(toy, step, what, optimizer=optimizer)
    assert network.steps_left == -(-step % 4)
    assert all(torch.equal(p, network.before[name]) for name, p in network.named_parameters())


@pytest.mark.usefixtures("look_seldom")
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_while_all_is_finite_looking_seldom_changes_nothing(toy, optimizer, monkeypatch):
    seldom, fitted = train(toy, optimizer=optimizer)
    monkeypatch.undo()
    always, expected = train(toy, optimizer=optimizer)
    assert_same_weights(seldom, always)
    assert fitted.history == expected.history


def test_the_host_looks_now_and_then_within_a_long_epoch(toy, monkeypatch):
    monkeypatch.setattr(finite, "LOOK_EVERY_STEPS", {"cpu": 3})
    network = train_spoilt(toy, 1, "gradient", batch_size=4)
    assert network.steps_left == -2


@pytest.mark.parametrize("looking", ["always", "seldom"])
def test_the_last_good_checkpoint_stays_and_leads_to_the_same_error(
    toy, tmp_path, monkeypatch, looking
):
    if looking == "seldom":
        monkeypatch.setattr(finite, "LOOK_EVERY_STEPS", {"cpu": 50})
    good = Checkpoint(tmp_path, "key", every_seconds=0)
    spoilt = train_spoilt(toy, 7, "gradient", {"checkpoint": good})
    saved = good.path.read_bytes()
    state = good.load("cpu")
    assert (state["epoch"], state["step"], state["best_epoch"]) == (1, 2, 1)
    for name, parameter in spoilt.named_parameters():
        assert torch.equal(state["network"][name], spoilt.before[name])
        assert torch.equal(state["network"][name], parameter)
    for part in ("network", "best"):
        assert all(value.isfinite().all() for value in state[part].values())

    again = Spoilt(toy, 1, "gradient")
    with pytest.raises(TrainingError, match="in epoch 2, step 3: that update was not made"):
        toy.fit(
            again,
            toy.recipe(),
            every_epoch(toy.examples(33)),
            toy.examples(20, seed=1),
            checkpoint=Checkpoint(tmp_path, "key", every_seconds=0),
        )
    assert good.path.read_bytes() == saved


def test_a_loss_that_is_no_number_is_noticed_without_any_gradient(toy):
    guard = FiniteGuard(toy.network(), toy.device, lr=0.1, optimizer="adam")
    with pytest.raises(TrainingError, match="in epoch 1, step 1"):
        guard.watch(torch.tensor(torch.nan))


def test_weights_that_an_update_made_infinite_are_not_kept(toy, tmp_path):
    """The one step of this epoch has a finite loss, and leaves weights without a finite answer."""
    checkpoint = Checkpoint(tmp_path, "key", every_seconds=0)
    with pytest.raises(TrainingError) as caught:
        train(
            toy,
            told={"checkpoint": checkpoint},
            lr=1e39,
            optimizer="sgd",
            batch_size=100,
            epochs=1,
        )
    assert caught.value.what == (
        "the weights are no longer finite numbers in epoch 1, by step 1 (lr 1e+39, optimizer sgd)"
    )
    assert not checkpoint.path.exists()


def test_a_validation_loss_that_is_no_number_ends_training(toy):
    examples = toy.examples(8)
    layers = (nn.Linear(16, 16, bias=False) for _ in range(4))
    network = nn.Sequential(nn.Flatten(), *layers)
    for parameter in network.parameters():
        nn.init.constant_(parameter, 1e13)  # finite answers to zeros alone
    bright = examples._replace(
        inputs={"x": torch.full_like(examples.inputs["x"], 255)}, y=examples.y * 0
    )
    dim = bright._replace(inputs={"x": torch.full_like(examples.inputs["x"], 128)})
    with pytest.raises(TrainingError, match="the validation loss of epoch 1 is "):
        toy.fit(
            network,
            toy.recipe(epochs=1, lr=1e-9, optimizer="sgd"),
            every_epoch(dim),
            bright,
        )
