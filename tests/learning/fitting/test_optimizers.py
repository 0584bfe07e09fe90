"""Optimizers: what they decay, and that Muon steps as its definition says."""

import pytest
import torch
from torch import nn

from pipeline.learning.fitting.optimizers import MUON_MOMENTUM, Muon, make_optimizer, orthogonalise


def make(name: str, network: nn.Module, **changes) -> torch.optim.Optimizer:
    settings = {"lr": 0.1, "weight_decay": 0.0, "batch_size": 4, "fused": True} | changes
    return make_optimizer(name, network, **settings)


@pytest.mark.parametrize(
    ("name", "kind"),
    [("sgd", torch.optim.SGD), ("adam", torch.optim.Adam), ("adamw", torch.optim.AdamW)],
)
def test_weights_are_decayed_and_biases_and_norms_are_not(toy, name, kind):
    network = toy.network()
    optimizer = make(name, network, weight_decay=0.3)
    assert type(optimizer) is kind
    names = {id(parameter): name for name, parameter in network.named_parameters()}
    decay = {
        names[id(parameter)]: group["weight_decay"]
        for group in optimizer.param_groups
        for parameter in group["params"]
    }
    assert decay == {
        "0.weight": 0.3,
        "5.weight": 0.3,
        "0.bias": 0.0,
        "1.weight": 0.0,
        "1.bias": 0.0,
        "5.bias": 0.0,
    }


def test_muon_takes_filters_apart_from_the_rest(toy):
    network = toy.network()
    optimizer = make("muon", network, weight_decay=0.3)
    assert type(optimizer) is Muon
    names = {id(parameter): name for name, parameter in network.named_parameters()}
    groups = [
        (
            sorted(names[id(p)] for p in group["params"]),
            group["orthogonal"],
            group["weight_decay"] > 0,
        )
        for group in optimizer.param_groups
    ]
    others = ["0.bias", "1.bias", "1.weight", "5.bias"]
    assert groups == [
        (["0.weight"], True, False),
        (["5.weight"], False, True),
        (others, False, False),
    ]


@pytest.mark.parametrize("name", ["sgd", "adam", "adamw", "muon"])
def test_frozen_weights_are_left_alone(toy, name):
    network = toy.network()
    network[0].weight.requires_grad = False
    before = network[0].weight.clone()
    optimizer = make(name, network, weight_decay=0.3)
    network(torch.randn(4, 1, 4, 4)).sum().backward()
    optimizer.step()
    assert torch.equal(network[0].weight, before)
    assert id(network[0].weight) not in {id(p) for g in optimizer.param_groups for p in g["params"]}


@pytest.mark.parametrize("shape", [(8, 30), (30, 8), (16, 16)], ids=str)
def test_orthogonalised_matrices_keep_their_directions_and_lose_their_scale(shape):
    torch.manual_seed(0)
    matrices = torch.randn(3, *shape)
    near = orthogonalise(1000 * matrices, steps=5)
    left, _, right = torch.linalg.svd(matrices, full_matrices=False)
    assert torch.allclose(near, orthogonalise(0.001 * matrices, steps=5), atol=1e-3)
    assert (torch.linalg.svdvals(near) - 1).abs().max() < 0.4
    # Each shares the singular vectors of its matrix.
    inner = left.mT @ near @ right.mT
    assert (inner - torch.diag_embed(inner.diagonal(dim1=1, dim2=2))).abs().max() < 1e-3


def test_orthogonalised_in_bf16_differs_by_little():
    torch.manual_seed(0)
    matrices = torch.randn(1, 16, 72)
    in_full, in_half = orthogonalise(matrices), orthogonalise(matrices.bfloat16())
    assert in_half.dtype == torch.bfloat16
    assert 0 < (in_half - in_full).norm() / in_full.norm() < 0.05


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last], ids=str)
def test_a_step_of_muon_is_orthogonal_whatever_the_scale_of_the_loss(layout):
    def step(scale: float) -> list[torch.Tensor]:
        torch.manual_seed(0)  # two filter banks of one shape, and one with more rows than columns
        network = nn.Sequential(*(nn.Conv2d(*c, 3, bias=False) for c in ((3, 8), (8, 3), (3, 8))))
        network.append(nn.Conv2d(8, 90, 3, bias=False)).to(memory_format=layout)
        optimizer = make("muon", network)
        (scale * network(torch.randn(2, 3, 12, 12)).square().sum()).backward()
        expected = []
        for convolution in network:
            before, gradient = convolution.weight.detach().clone(), convolution.weight.grad
            matrix = (gradient * (1 + MUON_MOMENTUM)).flatten(1)
            update = orthogonalise(matrix[None]).view_as(gradient)
            expected.append(before * len(before) ** 0.5 / before.norm() - 0.1 * update)
        optimizer.step()
        found = [convolution.weight.detach() for convolution in network]
        assert all(torch.allclose(a, b, atol=1e-5) for a, b in zip(found, expected, strict=True))
        return found

    pairs = zip(step(1.0), step(100.0), strict=True)
    assert all(torch.allclose(one, other, atol=1e-4) for one, other in pairs)


def test_muon_decays_heads_by_a_share_of_the_weight():
    head = nn.Linear(3, 2, bias=False)
    before = head.weight.detach().clone()
    optimizer = make("muon", head, weight_decay=0.5)
    head.weight.grad = torch.zeros_like(head.weight)
    optimizer.step()
    assert torch.allclose(head.weight, before * (1 - 0.1 * 0.5))
    for group in optimizer.param_groups:  # half way down the schedule
        group["lr"] = group["base_lr"] / 2
    optimizer.step()
    assert torch.allclose(head.weight, before * (1 - 0.1 * 0.5) * (1 - 0.1 * 0.5 / 2))
