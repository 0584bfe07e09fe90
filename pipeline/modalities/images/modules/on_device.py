"""Augments a batch on its device, CPU or GPU, on top of the copies in the shards.

The changes are a function of (seed, epoch, step) and drawn on the host, so that a resumed run
continues identically, on any device.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

Random = Callable[[], Tensor]
"""Draws a number in [0, 1) for each image, in float32, which every device supports."""


def augment_batch(
    images: Tensor,
    transforms: Sequence[Any],
    *,
    seed: int,
    epoch: int,
    step: int,
    part: tuple[int, int, int] | None = None,
) -> Tensor:
    """Augment uint8 images `(N, H, W, C)`; `transforms` have a `name` in TRANSFORMS.

    `part` is `(begin, end, size)`: the images are numbers `[begin, end)` of a batch of that size,
    which several ranks share: an image changes as in the whole batch.
    """
    generator = np.random.Generator(np.random.PCG64([seed, epoch, step, 2]))
    begin, end, num = part or (0, len(images), len(images))

    def random() -> Tensor:
        drawn = generator.random(num, np.float32)[begin:end]
        numbers = torch.from_numpy(drawn)
        if images.device.type == "cuda":  # from unpinned memory the host would wait for the copy
            return numbers.pin_memory().to(images.device, non_blocking=True)
        return numbers.to(images.device)

    for settings in transforms:
        images = TRANSFORMS[settings.name](images, random, settings)
    return images


def flip(images: Tensor, random: Random, settings: Any) -> Tensor:
    """Mirror left to right with the given probability."""
    num = len(images)
    flipped = (random() < settings.probability).long() * num
    both = torch.cat([images, images.flip(2)])  # selecting by index is faster than torch.where
    return both.index_select(0, torch.arange(num, device=images.device) + flipped)


def translate(images: Tensor, random: Random, settings: Any) -> Tensor:
    """Shift by whole pixels, up to `fraction` of the size (at least one), filled by reflection."""
    num, height, width, channels = images.shape
    y, x = (_shift(random(), settings.fraction, side) for side in (height, width))
    most = min(max(1, round(settings.fraction * width)), width - 1)
    left, right = images[:, :, 1 : most + 1].flip(2), images[:, :, -most - 1 : -1].flip(2)
    rows = torch.cat([left, images, right], 2)  # each wide enough for any shift
    # A row of the result is contiguous in one of these rows: gather all by their first pixel.
    source = _reflect(torch.arange(height, device=images.device) + y[:, None], height)
    first = torch.arange(num, device=images.device)[:, None] * height + source
    begins = first * (width + 2 * most) + (most + x)[:, None]
    runs = rows.view(-1).as_strided(
        (rows.numel() // channels - width + 1, width * channels), (channels, 1)
    )
    return runs.index_select(0, begins.view(-1)).view(images.shape)


def cutout(images: Tensor, random: Random, settings: Any) -> Tensor:
    """Blank a square with the image's mean colour (DeVries & Taylor 2017), all of it inside."""
    num, height, width, channels = images.shape
    side = max(1, round(settings.fraction * min(height, width)))
    blank = []
    for size in (height, width):
        begin = (random() * (size - side + 1)).long()[:, None]
        places = torch.arange(size, device=images.device)
        blank.append((places >= begin) & (places < begin + side))
    mean = images.float().mean((1, 2)).round().to(torch.uint8)
    # Rows of bytes are three times as fast as rows of pixels.
    inside = blank[0][:, :, None] & blank[1].repeat_interleave(channels, 1)[:, None]
    row = mean.repeat(1, width)[:, None]
    return torch.where(inside, row, images.view(num, height, -1)).view(images.shape)


def _shift(random: Tensor, fraction: float, side: int) -> Tensor:
    """Whole numbers from -m to m, all equally likely."""
    most = min(max(1, round(fraction * side)), side - 1)
    return (random * (2 * most + 1)).long() - most


def _reflect(places: Tensor, side: int) -> Tensor:
    """Reflect places -1, -2, … to 1, 2, …, and likewise at the other end."""
    return (side - 1) - ((side - 1) - places.abs()).abs()


TRANSFORMS: dict[str, Callable[[Tensor, Random, Any], Tensor]] = {
    "flip": flip,
    "translate": translate,
    "cutout": cutout,
}


def scale_at(stages: Sequence[Any], done: float) -> float:
    """The scale of images, 0 to 1, after a fraction `done` of the epochs.

    `stages` have `until`, a fraction of the epochs, in ascending order, and `scale`.
    """
    return next((stage.scale for stage in stages if done < stage.until), 1.0)


def scaled_size(height: int, width: int, scale: float) -> tuple[int, int]:
    """Height and width of an image of that scale, in pixels."""
    return max(1, round(height * scale)), max(1, round(width * scale))


def shrink(images: Tensor, scale: float) -> Tensor:
    """Shrink uint8 images `(N, H, W, C)` by a scale below 1, antialiased; on a GPU, which shrinks
    only floats, the result is floats from 0 to 255."""
    if scale == 1:
        return images
    seen = images.permute(0, 3, 1, 2)
    if images.device.type != "cpu":
        seen = seen.float()
    size = scaled_size(images.shape[1], images.shape[2], scale)
    return F.interpolate(seen, size=size, mode="bilinear", antialias=True).permute(0, 2, 3, 1)


def num_within(num_pixels: int, shape: Sequence[int]) -> int:
    """Number of images of shape `(H, W, C)` with that many pixels; one at least."""
    return max(1, num_pixels // (shape[0] * shape[1]))


class Normalizer(nn.Module):
    """uint8 `(N, H, W, C)` to float `(N, C, H, W)`, channels last, zero mean and unit variance."""

    mean: Tensor
    scale: Tensor

    def __init__(self, mean: Sequence[float], std: Sequence[float]) -> None:
        """`mean` and `std` are per channel, of pixels from 0 to 255."""
        super().__init__()
        means, stds = (torch.tensor(v, dtype=torch.float32).view(1, -1, 1, 1) for v in (mean, std))
        # They are in model.json.
        self.register_buffer("mean", means, persistent=False)
        # A constant channel has no variance to scale to one.
        self.register_buffer("scale", 1 / stds.clamp(min=1.0), persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        # The permuted uint8 stays channels-last in memory.
        return (images.permute(0, 3, 1, 2).float() - self.mean) * self.scale


SHIFTS = {(0, 0): 0.5, (-1, -1): 0.25, (1, 1): 0.25}  # pixels down and right, and their weight


def weighted_views(images: Tensor, views: str) -> Iterator[tuple[Tensor, float]]:
    """Versions of images `(N, C, H, W)` with their weights, which sum to one."""
    height, width = images.shape[2:]
    shifts = SHIFTS if "shifted" in views else {(0, 0): 1.0}
    mirrors = [False, True] if "mirrored" in views else [False]
    how = "reflect" if min(height, width) > 1 else "replicate"
    padded = F.pad(images, (1, 1, 1, 1), how) if len(shifts) > 1 else images
    for (down, right), weight in shifts.items():
        if len(shifts) > 1:
            images = padded[:, :, 1 - down :, 1 - right :][:, :, :height, :width]
        for mirrored in mirrors:
            view = images.flip(3) if mirrored else images
            yield view.contiguous(memory_format=torch.channels_last), weight / len(mirrors)
