"""A 3x3 convolution with a faster gradient of its weights for small feature maps.

oneDNN, which computes convolutions on a CPU, takes two to eight times as long for the gradient of
the weights over many small maps as over few large ones with as many pixels. So small maps are tiled
into large ones, separated by blank pixels (docs/decisions/small-convolutions.md).
"""

from typing import Any

import torch
import torch.nn.functional as F
import torch.nn.grad
from torch import Tensor, nn

SMALL_SIDE = 11  # pixels; from 15 on there is no gain
MOSAIC_SIDE = 24  # pixels, about


class SmallConv2d(nn.Conv2d):
    """`nn.Conv2d` with 3x3 weights, a padding of one, and no bias."""

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__(channels_in, channels_out, 3, padding=1, bias=False)

    def forward(self, features: Tensor) -> Tensor:
        small = max(features.shape[2:]) <= SMALL_SIDE
        if small and features.device.type == "cpu" and torch.is_autocast_enabled("cpu"):
            convolved: Tensor = _SmallConvolution.apply(features, self.weight)
            return convolved
        return super().forward(features)


class _SmallConvolution(torch.autograd.Function):
    @staticmethod
    @torch.amp.custom_fwd(device_type="cpu", cast_inputs=torch.bfloat16)  # type: ignore[untyped-decorator]
    def forward(ctx: Any, features: Tensor, weight: Tensor) -> Tensor:
        ctx.save_for_backward(features, weight)
        return F.conv2d(features, weight, padding=1)

    @staticmethod
    @torch.amp.custom_bwd(device_type="cpu")  # type: ignore[untyped-decorator]
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor]:
        features, weight = ctx.saved_tensors
        of_features = torch.nn.grad.conv2d_input(features.shape, weight, gradient, padding=1)
        return of_features, weight_gradient(features, gradient)


def weight_gradient(features: Tensor, gradient: Tensor) -> Tensor:
    """The gradient of 3x3 weights, `(O, I, 3, 3)`, in float32 at least.

    `features` are the inputs, `(N, I, H, W)`, `gradient` that of the outputs, `(N, O, H, W)`.
    """
    shape = (gradient.shape[1], features.shape[1], 3, 3)
    features, gradient = mosaic(features), mosaic(gradient)
    found: Tensor = torch.nn.grad.conv2d_weight(features, shape, gradient, padding=1)
    return found.to(torch.promote_types(found.dtype, torch.float32))


def mosaic(maps: Tensor) -> Tensor:
    """Tile maps `(N, C, H, W)` into fewer of about 24x24, separated by a blank row or column of
    pixels, so that no 3x3 window sees two of them."""
    num, channels, height, width = maps.shape
    down, across = (max(1, MOSAIC_SIDE // (side + 1)) for side in (height, width))
    at_once = -(-num // (down * across))
    shape = (at_once, down * (height + 1) - 1, across * (width + 1) - 1, channels)
    laid = maps.new_zeros(shape).permute(0, 3, 1, 2)
    for place, part in enumerate(maps.split(at_once)):
        top, left = place // across * (height + 1), place % across * (width + 1)
        laid[: len(part), :, top : top + height, left : left + width] = part
    return laid
