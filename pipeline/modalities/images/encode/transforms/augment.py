"""Augmentations: pure functions over a batch of uint8 images, `(N, H, W, C)` in and out.

The change of an image is a function of `(seed, id, copy)` alone, see draws.py. A new transform
is a class in encode/settings.py, a function in this folder and a line in TRANSFORMS.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.modalities.images.content.arrays import Images
from pipeline.modalities.images.encode.transforms.by_name import torchvision
from pipeline.modalities.images.encode.transforms.color import color
from pipeline.modalities.images.encode.transforms.draws import Draws
from pipeline.modalities.images.encode.transforms.geometry import (
    affine,
    alternating_flip,
    cutout,
    flip,
    translate,
)
from pipeline.modalities.images.encode.transforms.policies import rand_augment, trivial_augment

PIXELS_AT_ONCE = 1 << 17  # all transforms run on one block of images before the next

TRANSFORMS: dict[str, Callable[[Images, Draws, Any], Images]] = {
    "translate": translate,
    "flip": flip,
    "alternating_flip": alternating_flip,
    "cutout": cutout,
    "color": color,
    "affine": affine,
    "trivial_augment": trivial_augment,
    "rand_augment": rand_augment,
    "torchvision": torchvision,
}


def augment(
    images: Images,
    keys: NDArray[np.uint64],
    copy: int,
    *,
    transforms: Sequence[Any],
    seed: int,
) -> Images:
    """Make version `copy` of each image; copy 0 is the original.

    `keys` has an id key for each image; `transforms` are settings whose `name` is in TRANSFORMS.
    """
    if copy == 0:
        return images
    num, height, width, _ = images.shape
    augmented = np.empty_like(images)
    step = max(1, PIXELS_AT_ONCE // (height * width))
    for start in range(0, num, step):
        here = slice(start, start + step)
        block = images[here]
        for position, settings in enumerate(transforms):
            draws = Draws(keys[here], seed, copy, position)
            block = TRANSFORMS[settings.name](block, draws, settings)
        augmented[here] = block
    return augmented
