"""A 3x3 convolution whose weights get their gradient faster where feature maps are small.

oneDNN, which computes convolutions on a CPU, takes nine times as long for the gradient of the
weights as for the convolution of a 3x3 map, and four times for 7x7. Nine products of matrices take
a quarter and seven tenths of that (LOG.md).
"""

from typing import Any

import torch
import torch.nn.functional as F
import torch.nn.grad
from torch import Tensor, nn

SMALL_SIDE = 7  # pixels; from 11 on the nine products take longer
PIXELS_AT_ONCE = 16_000  # of 256 channels in bf16, 8 MB, which caches can hold


class SmallConv2d(nn.Conv2d):
    """`nn.Conv2d` of 3x3 weights with a padding of one, and no bias."""

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

    `features` are what came in, `(N, I, H, W)`, `gradient` that of what went out, `(N, O, H, W)`.
    Both are laid out as one long run of pixels with a blank one after each row and a blank row
    after each image. What a weight of the 3x3 connects is then always the same distance apart.
    """
    _, channels_in, height, width = features.shape
    row, images = width + 1, max(1, PIXELS_AT_ONCE // ((height + 1) * (width + 1)))
    found = None
    for into, out_of in zip(features.split(images), gradient.split(images), strict=True):
        pixels = len(into) * (height + 1) * row
        outgoing = _run_of_pixels(out_of)[row + 1 :][:pixels].T
        incoming = _run_of_pixels(into)
        products = [
            outgoing @ incoming[above * row + left :][:pixels]
            for above in range(3)
            for left in range(3)
        ]
        part = torch.stack(products, 2)
        part = part.to(torch.promote_types(part.dtype, torch.float32))
        found = part if found is None else found.add_(part)
    assert found is not None
    return found.view(-1, channels_in, 3, 3)


def _run_of_pixels(features: Tensor) -> Tensor:
    """`(N, C, H, W)` as pixels one after the other, `(P, C)`, with blank ones in between."""
    num, channels, height, width = features.shape
    margin, pixels = width + 2, num * (height + 1) * (width + 1)
    run = features.new_zeros(pixels + 2 * margin, channels)
    middle = run[margin : margin + pixels].view(num, height + 1, width + 1, channels)
    middle[:, :height, :width] = features.permute(0, 2, 3, 1)
    return run
