"""What tests of training share: runs of a toy network, and how they are compared."""

from collections.abc import Callable

import torch
from torch import nn

from pipeline.learning.batches import Epochs, Examples
from pipeline.learning.fitting.loop import Fit


def every_epoch(examples: Examples) -> Callable[[int], Examples]:
    return lambda epoch: examples


def assert_same_weights(one: nn.Module, other: nn.Module) -> None:
    ours, theirs = one.state_dict(), other.state_dict()
    assert list(ours) == list(theirs)
    assert [name for name in ours if not torch.equal(ours[name], theirs[name])] == []


def train(
    toy,
    seed: int = 0,
    told: dict | None = None,
    *,
    on: Epochs | None = None,
    seeing: dict | None = None,
    **changes,
) -> tuple[nn.Module, Fit]:
    """A network trained on 33 examples, which are 4 batches of 8, 8, 8 and 9.

    `told` are the keyword arguments of `fit`, `on` is what to train on instead, `seeing` are
    settings of batches, `changes` those of the recipe.
    """
    network = toy.network(seed)
    fitted = toy.fit(
        network,
        toy.recipe(**changes),
        on or every_epoch(toy.examples(33)),
        toy.examples(20, seed=1),
        seeing=seeing,
        **(told or {}),
    )
    return network, fitted


def contrary(examples: Examples) -> Examples:
    """Validation that turns worse the more is learnt."""
    return examples._replace(y=(examples.y + 1) % 4)
