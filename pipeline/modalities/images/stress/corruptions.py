"""Common corruptions at several strengths, as by cameras, weather and networks.

Seven of those of Hendrycks & Dietterich (2019, arXiv 1903.12261), with their constants for
CIFAR-10-C, and a blur that grows with the image. Pure functions over a batch of uint8
images, `(N, H, W, C)` in and out; noise is a function of `(id, corruption)` alone.
"""

from collections.abc import Callable

import numpy as np
import simplejpeg  # type: ignore[import-untyped]
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter  # type: ignore[import-untyped]
from scipy.special import ndtri  # type: ignore[import-untyped]

from pipeline.dataset.arrays import Keys, UInt8
from pipeline.dataset.randomness import uniform

STRENGTHS = (1, 3, 5)
"""The strengths that are measured, of five: mild, medium, strong."""


def corrupt(images: UInt8, keys: Keys, name: str, strength: int) -> UInt8:
    """Apply one of CORRUPTIONS at one of STRENGTHS; `keys` has an id key for each image."""
    function, levels = CORRUPTIONS[name]
    return function(images, keys, levels[STRENGTHS.index(strength)])


def noise(images: UInt8, keys: Keys, deviation: float) -> UInt8:
    """Add Gaussian noise, with a standard deviation in shares of the range of grey."""
    normal = ndtri(_uniform_per_value(images, keys, "noise").clip(1e-9, None))
    return _as_pixels(images + 255 * deviation * normal)


def impulse(images: UInt8, keys: Keys, share: float) -> UInt8:
    """Add salt and pepper: a share of all values become black or white."""
    drawn = _uniform_per_value(images, keys, "impulse")
    noisy = images.copy()
    noisy[drawn < share / 2] = 0
    noisy[drawn >= 1 - share / 2] = 255
    return noisy


def blur(images: UInt8, keys: Keys, radius: float) -> UInt8:
    """Blur by a Gaussian with a standard deviation in pixels; more in images of over 32 pixels."""
    sigma = radius * max(1.0, min(images.shape[1:3]) / 32)
    return _as_pixels(gaussian_filter(images.astype(np.float32), (0, sigma, sigma, 0)))


def brightness(images: UInt8, keys: Keys, more: float) -> UInt8:
    return _as_pixels(images + 255 * more)


def contrast(images: UInt8, keys: Keys, factor: float) -> UInt8:
    """Multiply distances from the mean of each channel."""
    mean = images.mean((1, 2), keepdims=True, dtype=np.float64)
    return _as_pixels((images - mean) * factor + mean)


def jpeg(images: UInt8, keys: Keys, quality: float) -> UInt8:
    space, sampling = ("GRAY", "Gray") if images.shape[3] == 1 else ("RGB", "420")
    encoded = [
        simplejpeg.encode_jpeg(np.ascontiguousarray(image), int(quality), space, sampling)
        for image in images
    ]
    return np.stack([simplejpeg.decode_jpeg(data, space) for data in encoded])


def pixelate(images: UInt8, keys: Keys, scale: float) -> UInt8:
    """Shrink by `scale`, and enlarge again without interpolation."""
    _, height, width, _ = images.shape
    small = (max(1, int(width * scale)), max(1, int(height * scale)))
    coarse = []
    for image in images:
        picture = Image.fromarray(image.squeeze(2) if image.shape[2] == 1 else image)
        picture = picture.resize(small, Image.Resampling.BOX)
        picture = picture.resize((width, height), Image.Resampling.NEAREST)
        coarse.append(np.asarray(picture).reshape(image.shape))
    return np.stack(coarse)


def _uniform_per_value(images: UInt8, keys: Keys, purpose: str) -> NDArray[np.float64]:
    """Draw a number in [0, 1) for each value of each image."""
    values = np.arange(images[0].size, dtype=np.uint64)
    drawn = uniform(keys[:, None] + values, 0, f"corrupt:{purpose}")
    return drawn.reshape(images.shape)


def _as_pixels(values: NDArray[np.floating]) -> UInt8:
    pixels: UInt8 = np.rint(values).clip(0, 255).astype(np.uint8)
    return pixels


CORRUPTIONS: dict[str, tuple[Callable[[UInt8, Keys, float], UInt8], tuple[float, ...]]] = {
    "noise": (noise, (0.04, 0.08, 0.1)),
    "impulse": (impulse, (0.01, 0.03, 0.07)),
    "blur": (blur, (0.4, 0.7, 1.0)),
    "brightness": (brightness, (0.05, 0.15, 0.3)),
    "contrast": (contrast, (0.75, 0.4, 0.15)),
    "jpeg": (jpeg, (80, 58, 40)),
    "pixelate": (pixelate, (0.95, 0.85, 0.65)),
}
"""The function of each, and its argument at each of STRENGTHS."""
