"""Batches of images for the tests of augmentations."""

from typing import Any

import numpy as np

from pipeline.dataset.randomness import id_keys
from pipeline.modalities.images.encode.transforms.augment import augment

NUM = 60
KEYS = id_keys([f"id-{number}" for number in range(NUM)])


def noise(*shape: int, num: int = NUM) -> np.ndarray:
    """Random images; those in the second half are dim, with little contrast."""
    images = np.random.default_rng(0).integers(0, 256, (num, *shape), dtype=np.uint8)
    images[num // 2 :] = images[num // 2 :] // 4 + 60
    return images


def versions(images, *transforms: Any, copy: int = 1, seed: int = 0, keys=None) -> np.ndarray:
    keys = KEYS[: len(images)] if keys is None else keys
    return augment(images, keys, copy, transforms=transforms, seed=seed)
