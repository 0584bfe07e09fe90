"""Networks that rank find tastes, and list nothing that a user had."""

import numpy as np
import pytest
import torch

from pipeline.dataset.rankings.listed import items_in, reasons_in, scores_in, width_of
from pipeline.modalities.interactions.modules.factors import (
    Strength,
    fold_in,
    improve,
    pairs_by_row,
)
from pipeline.modalities.interactions.modules.sasrec import newest
from pipeline.modalities.interactions.network.interface import build

NETWORKS = ["popularity", "ease", "als"]


@pytest.fixture(scope="module")
def fitted(shards):
    made = {}

    def fit(name):
        if name not in made:
            torch.manual_seed(0)
            width = width_of(len(shards.items))
            network = build(name, shards.preparation, width, {"factors": 16})
            network.fit(shards, None, 0)
            made[name] = network.eval()
        return made[name]

    return fit


def answers(network, shards, split="test"):
    inputs, _, _ = shards.read_rows(split, 0)
    with torch.inference_mode():
        return network({name: torch.from_numpy(v) for name, v in inputs.items()}).numpy()


@pytest.mark.parametrize("name", NETWORKS)
def test_what_a_user_had_is_not_listed(fitted, shards, name):
    outputs = answers(fitted(name), shards)
    for (user, _), row in zip(shards.test, items_in(outputs), strict=True):
        listed = [shards.items[code] for code in row if code >= 0]
        assert len({*listed}) == len(listed) == len(shards.items) - len(shards.had(user))
        assert not shards.had(user) & {*listed}
    scores = scores_in(outputs)
    assert (np.diff(scores[:, :20], axis=1) <= 0).all()


@pytest.mark.parametrize("name", ["ease", "als"])
def test_tastes_are_found(fitted, shards, name):
    """Of the first five items most are of the kind that the user takes most of."""
    listed = items_in(answers(fitted(name), shards))[:, :5]
    world = shards.world
    right = [
        world.kind_of[shards.items[code]] == world.taste_of[user]
        for (user, _), row in zip(shards.test, listed, strict=True)
        for code in row
        if len(shards.had(user)) < 12
    ]
    popular = items_in(answers(fitted("popularity"), shards))[:, :5]
    by_chance = np.mean(
        [
            world.kind_of[shards.items[code]] == world.taste_of[user]
            for (user, _), row in zip(shards.test, popular, strict=True)
            for code in row
        ]
    )
    assert np.mean(right) > 2 * by_chance


def test_reasons_are_items_that_the_user_had(fitted, shards):
    outputs = answers(fitted("ease"), shards)
    reasons = reasons_in(outputs)[:, :10]
    for (user, _), row in zip(shards.test, reasons, strict=True):
        named = {shards.items[code] for code in row if code >= 0}
        assert named
        assert named <= shards.had(user)


def test_ease_is_its_closed_form(fitted, shards):
    """Steck 2019, in NumPy and float64, with the penalty that was chosen."""
    network = fitted("ease")
    table = np.zeros((len(shards.users), len(shards.items)))
    for user, item in shards.train:
        table[shards.users.index(user), shards.items.index(item)] = 1
    errors = []
    for penalty in (50, 100, 200, 400, 800):
        inverse = np.linalg.inv(table.T @ table + penalty * np.eye(len(shards.items)))
        weights = inverse / -np.diag(inverse)
        np.fill_diagonal(weights, 0)
        errors.append(np.abs(network.weights.numpy() - weights).max())
    assert min(errors) < 1e-5


@pytest.mark.parametrize("name", NETWORKS)
def test_the_same_events_give_the_same_bytes(fitted, shards, name):
    torch.manual_seed(5)
    again = build(name, shards.preparation, width_of(len(shards.items)), {"factors": 16})
    again.fit(shards, None, 0)
    for key, tensor in fitted(name).state_dict().items():
        assert torch.equal(tensor, again.state_dict()[key]), key


def test_a_vector_folded_in_is_the_one_that_is_fitted():
    random = np.random.default_rng(0)
    users, items = random.integers(0, 30, 400), random.integers(0, 20, 400)
    pairs = np.unique(np.stack([users, items], 1), axis=0)
    factors = torch.randn(20, 8, generator=torch.Generator().manual_seed(0)) * 0.3
    strength = Strength(0.3, 0.01)
    solved = torch.zeros(31, 8)
    improve(solved, factors, pairs_by_row(pairs[:, 0], pairs[:, 1], (31, 20)), strength, 24)
    assert not solved[30].any()  # of a row without a pair nothing is known
    for user in range(30):
        own = factors[pairs[pairs[:, 0] == user, 1]]
        held_back = torch.full((1, 1), strength.penalty * (len(own) + strength.unseen * 20))
        gram = strength.unseen * (factors.T @ factors)
        folded = fold_in(own[None], gram, held_back, 24)
        torch.testing.assert_close(folded[0], solved[user], rtol=1e-3, atol=1e-4)


def test_each_step_of_conjugate_gradients_comes_nearer():
    """To the exact solution of each row, in NumPy."""
    random = np.random.default_rng(0)
    table = (random.random((12, 9)) < 0.4).astype(np.float64)
    table[3] = 0
    factors = torch.randn(9, 5, generator=torch.Generator().manual_seed(0))
    own = factors.double().numpy()
    strength = Strength(0.2, 0.1)
    exact = np.zeros((12, 5))
    for user in range(12):
        held_back = 0.1 * (table[user].sum() + 0.2 * 9)
        normal = own.T @ np.diag(table[user] + 0.2) @ own + held_back * np.eye(5)
        exact[user] = np.linalg.solve(normal, own.T @ table[user])
    pairs = pairs_by_row(*np.nonzero(table), (12, 9))
    errors = []
    for num_steps in (1, 2, 3, 5):
        found = torch.zeros(12, 5)
        improve(found, factors, pairs, strength, num_steps)
        errors.append(np.abs(found.numpy() - exact).max())
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < 1e-4


def test_a_new_user_gets_what_goes_with_a_history(fitted, shards):
    network = fitted("ease")
    mine = [code for code, i in enumerate(shards.items) if shards.world.kind_of[i] == "horror"][:4]
    history = torch.zeros(1, 8, dtype=torch.int32)
    history[0, :4] = torch.tensor(mine, dtype=torch.int32) + 1
    with torch.inference_mode():
        outputs = network({"user": torch.zeros(1, dtype=torch.int32), "history": history})
    listed = items_in(outputs.numpy())[0, :5]
    assert not {*mine} & {*listed.tolist()}
    kinds = [shards.world.kind_of[shards.items[code]] for code in listed]
    assert kinds.count("horror") >= 4


def test_attention_has_as_many_numbers_in_each_head(shards):
    network = build("sasrec", shards.preparation, width_of(len(shards.items)), {"factors": 15})
    assert network.eval().items.weight.shape[1] == 16
    assert answers(network, shards).shape == (len(shards.users), width_of(len(shards.items)))


def test_the_newest_items_stand_at_the_end():
    codes = torch.tensor([[0, 3, 0, 4, 5, 0], [0, 0, 0, 0, 0, 0], [1, 2, 3, 4, 5, 6]])
    assert newest(codes, 4).tolist() == [[0, 3, 4, 5], [0, 0, 0, 0], [3, 4, 5, 6]]
