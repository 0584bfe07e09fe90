"""Refitting: batch norms take the statistics of traffic, and shares are found without labels."""

import numpy as np
import torch

from pipeline.commands.adjust.__main__ import norm_buffers
from pipeline.commands.adjust.refitting import NORMS, has_norms, refit, shares_of
from tests.support.exported import some_inputs, some_network


def outputs(network, inputs):
    with torch.inference_mode():
        return network({"x": torch.from_numpy(inputs["x"])})


def test_norms_have_the_statistics_of_these_examples():
    network, inputs = some_network().network, {"x": some_inputs(64)["x"] // 3}
    adjusted = refit(network, inputs)
    norms = [module for module in adjusted.modules() if isinstance(module, NORMS)]
    seen = []
    for norm in norms:
        norm.register_forward_hook(lambda module, given, out: seen.append((module, given[0])))
    outputs(adjusted, inputs)
    assert len(seen) == len(norms) > 2
    for norm, values in seen:
        places = (0, *range(2, values.dim()))
        std = values.std(places)
        assert ((norm.running_mean - values.mean(places)).abs() < 0.05 * std).all()
        torch.testing.assert_close(norm.running_var.sqrt(), std, rtol=0.1, atol=1e-3)


def test_nothing_else_changes_and_the_network_stays():
    network, inputs = some_network().network, some_inputs(32)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    adjusted = refit(network, inputs)
    assert has_norms(network)
    changed = {
        name
        for name, value in adjusted.named_buffers()
        if not torch.equal(value, dict(network.named_buffers())[name])
        and not name.endswith("num_batches_tracked")
    }
    assert changed <= norm_buffers(adjusted).keys()
    assert changed
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert not adjusted.training


def test_batches_count_alike():
    network = some_network().network
    inputs = {"x": np.concatenate([some_inputs(600, seed=1)["x"], some_inputs(600, seed=2)["x"]])}
    whole, found = refit(network, inputs), refit(network, {"x": inputs["x"][::-1].copy()})
    for name, value in norm_buffers(whole).items():
        torch.testing.assert_close(value, norm_buffers(found)[name], rtol=0.02, atol=0.02)


def test_shares_are_found_by_expectation_maximisation():
    random = np.random.default_rng(0)
    known, new = np.array([0.5, 0.3, 0.2]), np.array([0.1, 0.2, 0.7])
    labels = random.choice(3, 4000, p=new)
    likelihood = np.exp(random.normal(0, 1, (4000, 3)) + 2 * np.eye(3)[labels])
    # Of calibrated answers: the likelihood of what is seen times how frequent a label was.
    exact = np.exp(2 * np.log(likelihood)) * known
    found = shares_of(exact / exact.sum(1, keepdims=True), known)
    np.testing.assert_allclose(found, new, atol=0.05)
    same = shares_of(np.tile(known, (10, 1)), known)
    np.testing.assert_allclose(same, known)
