"""Augmentations: pure functions over a batch of uint8 images, `(N, H, W, C)` in and out.

What happens to an image is a function of `(seed, id, copy)` alone; see randomness.py. A new
transform is a class in runtime/params.py, a function here and a line in TRANSFORMS.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from pipeline.dataset.randomness import uniform

Images = NDArray[np.uint8]
Random = Callable[[str], NDArray[np.float64]]
"""Gives one number in [0, 1) for each image, independent between the names it is called with."""


def augment(
    images: Images,
    keys: NDArray[np.uint64],
    copy: int,
    *,
    transforms: Sequence[Any],
    seed: int,
) -> Images:
    """Version `copy` of each image; copy 0 is the original.

    `keys` has an id key for each image; `transforms` are settings whose `name` is in TRANSFORMS.
    """
    if copy == 0:
        return images
    for position, settings in enumerate(transforms):

        def random(name: str, position: int = position) -> NDArray[np.float64]:
            return uniform(keys, seed, f"augment:{copy}:{position}:{name}")

        images = TRANSFORMS[settings.name](images, random, settings)
    return images


def translate(images: Images, random: Random, settings: Any) -> Images:
    """Shift by whole pixels, up to `fraction` of the size (at least one), filled by reflection."""
    num, height, width, _ = images.shape
    most_y = min(max(1, round(settings.fraction * height)), height - 1)
    most_x = min(max(1, round(settings.fraction * width)), width - 1)
    y = (random("y") * (2 * most_y + 1)).astype(np.intp)
    x = (random("x") * (2 * most_x + 1)).astype(np.intp)
    edges = ((0, 0), (most_y, most_y), (most_x, most_x), (0, 0))
    windows = sliding_window_view(np.pad(images, edges, "reflect"), (height, width), (1, 2))
    return np.ascontiguousarray(windows[np.arange(num), y, x].transpose(0, 2, 3, 1))


def flip(images: Images, random: Random, settings: Any) -> Images:
    """Mirror left to right with the given probability."""
    flipped = images.copy()
    chosen = random("flip") < settings.probability
    flipped[chosen] = images[chosen, :, ::-1]
    return flipped


def color(images: Images, random: Random, settings: Any) -> Images:
    """Multiply contrast (around the image's mean) and brightness by 1 ± the given fractions."""
    pixels = images.astype(np.float32)
    mean = pixels.mean((1, 2, 3), dtype=np.float64).astype(np.float32)[:, None, None, None]
    contrast = _around_one(random("contrast"), settings.contrast)
    brightness = _around_one(random("brightness"), settings.brightness)
    pixels = ((pixels - mean) * contrast + mean) * brightness
    colored: Images = np.rint(pixels).clip(0, 255).astype(np.uint8)
    return colored


def cutout(images: Images, random: Random, settings: Any) -> Images:
    """Blank a square with the image's mean colour (DeVries & Taylor 2017), all of it inside."""
    _, height, width, _ = images.shape
    side = max(1, round(settings.fraction * min(height, width)))
    top = (random("top") * (height - side + 1)).astype(np.intp)[:, None]
    left = (random("left") * (width - side + 1)).astype(np.intp)[:, None]
    rows, columns = np.arange(height), np.arange(width)
    in_rows = (rows >= top) & (rows < top + side)
    in_columns = (columns >= left) & (columns < left + side)
    blank = (in_rows[:, :, None] & in_columns[:, None, :])[..., None]
    mean = np.rint(images.mean((1, 2), dtype=np.float64)).astype(np.uint8)
    blanked: Images = np.where(blank, mean[:, None, None, :], images)
    return blanked


def _around_one(random: NDArray[np.float64], most: float) -> NDArray[np.float32]:
    return (1 + most * (2 * random - 1)).astype(np.float32)[:, None, None, None]


TRANSFORMS: dict[str, Callable[[Images, Random, Any], Images]] = {
    "translate": translate,
    "flip": flip,
    "color": color,
    "cutout": cutout,
}
