"""Altered copies of images, as people make them: what benchmarks/duplicates.py plants."""

import io
from collections.abc import Callable

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.uint8]
MOST_SHIFT = 2  # pixels


def recompress(image: Pixels, random: Generator) -> Pixels:
    file = io.BytesIO()
    Image.fromarray(image.squeeze()).save(file, "JPEG", quality=int(random.integers(30, 76)))
    return np.asarray(Image.open(file)).reshape(image.shape)


def shift(image: Pixels, random: Generator) -> Pixels:
    """By up to two pixels each way, not by none; filled in one of three ways."""
    y, x = 0, 0
    while not (y or x):
        y, x = random.integers(-MOST_SHIFT, MOST_SHIFT + 1, 2) + 0
    mode = ["edge", "reflect", "constant"][random.integers(3)]
    edges = ((MOST_SHIFT,) * 2, (MOST_SHIFT,) * 2, (0, 0))
    height, width, _ = image.shape
    top, left = MOST_SHIFT + y, MOST_SHIFT + x
    return np.pad(image, edges, mode)[top : top + height, left : left + width]


def cut(image: Pixels, random: Generator) -> Pixels:
    """Up to two rows and two columns from the edges, then stretched to the old size."""
    height, width, channels = image.shape
    y, x = 0, 0
    while not (y or x):
        y, x = random.integers(0, MOST_SHIFT + 1, 2)
    top, left = random.integers(0, y + 1), random.integers(0, x + 1)
    part = image[top : height - y + top, left : width - x + left]
    picture = Image.fromarray(part.squeeze()).resize((width, height), Image.Resampling.BICUBIC)
    return np.asarray(picture).reshape(height, width, channels)


def brighten(image: Pixels, random: Generator) -> Pixels:
    return np.rint(image * _factor(random)).clip(0, 255).astype(np.uint8)


def contrast(image: Pixels, random: Generator) -> Pixels:
    mean = image.mean()
    return np.rint((image - mean) * _factor(random) + mean).clip(0, 255).astype(np.uint8)


def mirror(image: Pixels, random: Generator) -> Pixels:
    return image[:, ::-1]


def combine(image: Pixels, random: Generator) -> Pixels:
    """Mirrored or not, shifted or cut, brightness, contrast, recompressed."""
    image = mirror(image, random) if random.random() < 0.5 else image
    image = (shift if random.random() < 0.5 else cut)(image, random)
    return recompress(contrast(brighten(image, random), random), random)


def _factor(random: Generator) -> float:
    """10 to 20 % more or less."""
    return 1 + random.choice([-1, 1]) * random.uniform(0.1, 0.2)


KINDS: dict[str, Callable[[Pixels, Generator], Pixels]] = {
    "recompressed": recompress,
    "shifted": shift,
    "cut": cut,
    "brightness": brighten,
    "contrast": contrast,
    "mirrored": mirror,
    "combined": combine,
}


def plant(images: Pixels, num: int, seed: int) -> tuple[NDArray[np.int64], list[str], Pixels]:
    """`num` copies of each kind of as many images: rows of the originals, kinds, and copies."""
    random = np.random.default_rng(seed)
    sources = random.choice(len(images), num * len(KINDS), replace=False)
    kinds = [kind for kind in KINDS for _ in range(num)]
    copies = [KINDS[kind](images[row], random) for kind, row in zip(kinds, sources, strict=True)]
    return sources, kinds, np.stack(copies)
