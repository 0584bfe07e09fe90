"""The faster gradient of small convolutions is the gradient."""

import pytest
import torch
from torch import nn

from pipeline.modalities.images.modules.small_convolution import (
    SMALL_SIDE,
    SmallConv2d,
    weight_gradient,
)


def random(*shape: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, dtype=torch.float64, generator=generator)


@pytest.mark.parametrize("sides", [(1, 1), (1, 4), (3, 2), (5, 5), (7, 30), (11, 11)], ids=str)
@pytest.mark.parametrize("num", [1, 4, 149])
def test_weight_gradient_is_that_of_torch(sides, num):
    torch.manual_seed(0)
    convolution = nn.Conv2d(3, 5, 3, padding=1, bias=False).double()
    features, gradient = random(num, 3, *sides), random(num, 5, *sides, seed=1)
    convolution(features).backward(gradient)
    found = weight_gradient(features, gradient)
    assert torch.allclose(found, convolution.weight.grad, atol=1e-12)


@pytest.mark.parametrize("side", [1, 2, 7, SMALL_SIDE, SMALL_SIDE + 1])
def test_trains_as_the_layer_of_torch_does(side):
    torch.manual_seed(0)
    ours, theirs = SmallConv2d(4, 6), nn.Conv2d(4, 6, 3, padding=1, bias=False)
    theirs.load_state_dict(ours.state_dict())
    features = random(3, 4, side, side).float()
    found = []
    for layer in (ours, theirs):
        seen = features.clone().requires_grad_()
        with torch.autocast("cpu", torch.bfloat16):
            out = layer(seen)
        out.float().square().sum().backward()
        found.append((out, seen.grad, layer.weight.grad))
    (out, of_features, of_weight), (out_2, of_features_2, of_weight_2) = found
    assert out.dtype == torch.bfloat16
    assert of_weight.dtype == torch.float32
    assert torch.equal(out, out_2)
    assert torch.allclose(of_features, of_features_2, rtol=0.02, atol=0.02)
    assert torch.allclose(of_weight, of_weight_2, rtol=0.02, atol=0.05)
