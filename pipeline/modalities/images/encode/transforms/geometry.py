"""Transforms of position: shifts, mirror images, blanked squares, random affine maps."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.modalities.images.content.arrays import Images
from pipeline.modalities.images.encode.transforms.draws import Draws
from pipeline.modalities.images.encode.transforms.resampling import inverse_affine, resample


def translate(images: Images, draws: Draws, settings: Any) -> Images:
    """Shift by whole pixels, up to `fraction` of the size (at least one), filled by reflection.

    It equals a random crop of an image padded by reflection.
    """
    _, height, width, _ = images.shape
    most_y = min(max(1, round(settings.fraction * height)), height - 1)
    most_x = min(max(1, round(settings.fraction * width)), width - 1)
    tops = draws.below("y", 2 * most_y + 1).tolist()
    lefts = draws.below("x", 2 * most_x + 1).tolist()
    edges = ((0, 0), (most_y, most_y), (most_x, most_x), (0, 0))
    padded = np.pad(images, edges, "reflect")
    shifted = np.empty_like(images)
    # Slices copy whole rows, six times as fast as one gather of all pixels.
    for image, whole, top, left in zip(shifted, padded, tops, lefts, strict=True):
        image[:] = whole[top : top + height, left : left + width]
    return shifted


def flip(images: Images, draws: Draws, settings: Any) -> Images:
    """Mirror left to right with the given probability."""
    return _mirror(images, draws.uniform("flip") < settings.probability)


def alternating_flip(images: Images, draws: Draws, settings: Any) -> Images:
    """Mirror left to right in every other copy.

    Half of the images start with it in copy 1, the others in copy 2 (Jordan 2024,
    arXiv 2404.00498, section 3.6): of two augmented copies in a row
    one shows the other side.
    """
    starts_mirrored = draws.uniform_for_all_copies("flip") < 0.5
    return _mirror(images, starts_mirrored ^ (draws.copy % 2 == 0))


def cutout(images: Images, draws: Draws, settings: Any) -> Images:
    """Blank a square with the image's mean colour (DeVries & Taylor 2017), all of it inside."""
    num, height, width, channels = images.shape
    side = max(1, round(settings.fraction * min(height, width)))
    tops = draws.below("top", height - side + 1).tolist()
    lefts = draws.below("left", width - side + 1).tolist()
    rows = images.reshape(num, height, width * channels).sum(1, dtype=np.int64)
    sums = rows.reshape(num, width, channels).sum(1)
    means = np.rint(sums / (height * width)).astype(np.uint8)
    blanked = images.copy()
    for image, mean, top, left in zip(blanked, means, tops, lefts, strict=True):
        image[top : top + side, left : left + side] = mean
    return blanked


def affine(images: Images, draws: Draws, settings: Any) -> Images:
    """Rotate, shear, scale and shift around the centre, as torchvision's RandomAffine does."""
    _, height, width, _ = images.shape
    matrices = inverse_affine(**draw_affine(draws, settings, height, width))
    return resample(images, matrices, settings.interpolation, settings.fill)


def draw_affine(
    draws: Draws, settings: Any, height: int, width: int
) -> dict[str, NDArray[np.float64]]:
    """Arguments of `inverse_affine`, within the settings' ranges; shifts are of whole pixels."""
    return {
        "angle": draws.around("angle", 0, settings.degrees),
        "shear": draws.around("shear", 0, settings.shear),
        "scale": draws.around("scale", 1, settings.scale),
        "right": np.rint(draws.around("right", 0, settings.translate * width)),
        "down": np.rint(draws.around("down", 0, settings.translate * height)),
    }


def _mirror(images: Images, chosen: NDArray[np.bool_]) -> Images:
    some = images[chosen]
    turned = np.empty_like(some)
    for channel in range(images.shape[3]):  # four times as fast as all channels in one step
        turned[..., channel] = some[:, :, ::-1, channel]
    mirrored = images.copy()
    mirrored[chosen] = turned
    return mirrored
