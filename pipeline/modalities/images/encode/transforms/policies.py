"""TrivialAugment and RandAugment: operations that each image draws from one list.

Operations, magnitudes and their 31 levels are those of torchvision's v2 classes, except that
images narrower than TrivialAugment's 32 pixels are shifted by their own size at most.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.dataset.arrays import Float64
from pipeline.modalities.images.content.arrays import Images
from pipeline.modalities.images.encode.transforms import operations
from pipeline.modalities.images.encode.transforms.draws import Draws
from pipeline.modalities.images.encode.transforms.resampling import inverse_affine, resample

LEVELS = 31


class Range(NamedTuple):
    """Magnitudes of an operation, from its lowest level to its highest."""

    low: float = 0.0
    high: float = 0.0
    signed: bool = True
    """Whether half of the images get the opposite sign."""


Space = dict[str, Range]


def wide_space(height: int, width: int) -> Space:
    """TrivialAugment's "wide" space (Müller & Hutter 2021, arXiv 2103.10158, table 6)."""
    return _space(0.99, min(32, width), min(32, height), 135, 0.99, fewest_bits=2)


def rand_space(height: int, width: int) -> Space:
    """RandAugment's space (Cubuk et al. 2019, arXiv 1909.13719); shifts are 150 of 331 pixels."""
    return _space(0.3, 150 / 331 * width, 150 / 331 * height, 30, 0.9, fewest_bits=4)


def _space(
    shear: float, right: float, down: float, degrees: float, strength: float, fewest_bits: int
) -> Space:
    return {
        "identity": Range(),
        "shear_x": Range(high=shear),
        "shear_y": Range(high=shear),
        "translate_x": Range(high=right),
        "translate_y": Range(high=down),
        "rotate": Range(high=degrees),
        "brightness": Range(high=strength),
        "color": Range(high=strength),
        "contrast": Range(high=strength),
        "sharpness": Range(high=strength),
        "posterize": Range(8, fewest_bits, signed=False),
        "solarize": Range(255, 0, signed=False),
        "autocontrast": Range(),
        "equalize": Range(),
    }


def trivial_augment(images: Images, draws: Draws, settings: Any) -> Images:
    """Apply one operation of the wide space, at a random level."""
    space = wide_space(*images.shape[1:3])
    chosen, magnitudes = draw_operations(draws, space, draws.below("level", LEVELS))
    return _apply(images, list(space), chosen, magnitudes, settings)


def rand_augment(images: Images, draws: Draws, settings: Any) -> Images:
    """Apply `num_ops` operations in turn, all at the level `magnitude`, 0 to 30."""
    space = rand_space(*images.shape[1:3])
    for turn in range(settings.num_ops):
        chosen, magnitudes = draw_operations(draws, space, settings.magnitude, turn)
        images = _apply(images, list(space), chosen, magnitudes, settings)
    return images


def draw_operations(
    draws: Draws, space: Space, levels: NDArray[np.intp] | int, turn: int = 0
) -> tuple[NDArray[np.intp], Float64]:
    """Draw the number of each image's operation in `space`, and its magnitude at the level.

    All operations are equally likely, and so are both signs. `turn` numbers the operations of one
    image.
    """
    chosen = draws.below(f"operation {turn}", len(space))
    is_opposite = draws.uniform(f"sign {turn}") < 0.5
    low, high, signed = (values[chosen] for values in np.array(list(space.values())).T)
    magnitudes = low + (high - low) * levels / (LEVELS - 1)
    return chosen, np.where(is_opposite & (signed == 1), -magnitudes, magnitudes)


def _apply(
    images: Images,
    names: list[str],
    chosen: NDArray[np.intp],
    magnitudes: Float64,
    settings: Any,
) -> Images:
    changed = images.copy()
    for number, name in enumerate(names):
        rows = np.flatnonzero(chosen == number)
        if name != "identity" and len(rows):
            changed[rows] = OPERATIONS[name](images[rows], magnitudes[rows], settings)
    return changed


def _shear(images: Images, x: Float64 | float, y: Float64 | float, settings: Any) -> Images:
    """Shear by pixels a pixel; the upper left corner stays."""
    _, height, width, _ = images.shape
    num = len(images)
    matrices = np.tile(np.eye(2, 3), (num, 1, 1))
    matrices[:, 0, 1], matrices[:, 1, 0] = x, y
    matrices[:, 0, 2] = matrices[:, 0, 1] * (height / 2)
    matrices[:, 1, 2] = matrices[:, 1, 0] * (width / 2)
    return resample(images, matrices, settings.interpolation, settings.fill)


def _shift(images: Images, right: Float64 | float, down: Float64 | float, settings: Any) -> Images:
    """Shift by whole pixels; fractions are cut off."""
    matrices = inverse_affine(right=np.trunc(right), down=np.trunc(down))
    return resample(images, matrices, "nearest", settings.fill)


def _rotate(images: Images, degrees: Float64, settings: Any) -> Images:
    """Rotate counter-clockwise around the centre."""
    matrices = inverse_affine(angle=-degrees)
    return resample(images, matrices, settings.interpolation, settings.fill)


OPERATIONS: dict[str, Callable[[Images, Float64, Any], Images]] = {
    "shear_x": lambda images, magnitude, settings: _shear(images, magnitude, 0, settings),
    "shear_y": lambda images, magnitude, settings: _shear(images, 0, magnitude, settings),
    "translate_x": lambda images, magnitude, settings: _shift(images, magnitude, 0, settings),
    "translate_y": lambda images, magnitude, settings: _shift(images, 0, magnitude, settings),
    "rotate": _rotate,
    "brightness": lambda images, magnitude, _: operations.brightness(images, 1 + magnitude),
    "color": lambda images, magnitude, _: operations.saturation(images, 1 + magnitude),
    "contrast": lambda images, magnitude, _: operations.contrast(images, 1 + magnitude),
    "sharpness": lambda images, magnitude, _: operations.sharpness(images, 1 + magnitude),
    "posterize": lambda images, bits, _: operations.posterize(images, bits),
    "solarize": lambda images, threshold, _: operations.solarize(images, threshold),
    "autocontrast": lambda images, *_: operations.autocontrast(images),
    "equalize": lambda images, *_: operations.equalize(images),
}
