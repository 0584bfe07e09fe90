"""Descriptors that an image and its slightly altered copies share: 40 whole numbers an image.

A thumbnail without its mean (brightness), scaled to one length (contrast), is projected on the
directions in which images differ most relative to their own shifted copies: Fisher's linear
discriminant (1936), with one class for each image. On CIFAR-10 the original
of a shifted copy comes first in 95 %, by a plain standardised 8 x 8 thumbnail in 83 %
(docs/decisions/near-duplicates.md).

The directions are learnt from synthetic images with the amplitude spectrum of photos, 1/f (Field
1987), not from the data: so a descriptor is a function of its image alone, and stays the same when
images are added. All sums are over one image or of whole numbers, so that the bits of a descriptor
do not depend on other images described with it.
"""

from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

import numpy as np

from pipeline.dataset.arrays import Float32, Float64
from pipeline.modalities.images.compare.weights import gaussian_weights
from pipeline.modalities.images.content.arrays import Images

DIMENSIONS = 40
LENGTH = 2047
"""Length of a descriptor before rounding: products of two are exact in float32, in any order of
summation, since no partial sum exceeds the product of lengths, which is less than 2^24."""
THUMBNAIL_SIDE = 8
MARGIN = 1 / 16  # share of the side, left out: a shift fills or cuts it
SAMPLE = 1000  # synthetic images, to learn the directions from
CHANNEL_SHARE = 0.05  # share of a synthetic channel's variance, independent of the other channels
STEPS = 256  # steps of a thumbnail's grey level
DIRECTION = 2**20  # the largest number in a direction
MADE_UP_AT_ONCE = 50
MADE_UP_CONTRAST = 55.0  # grey levels: standard deviation of synthetic images
RIDGE = 0.1  # share of the mean variance within, added to it as it is an estimate
IMAGES_AT_ONCE = 2048
FLAT = 0.25  # grey levels; a thumbnail that varies less has no structure to compare


class Descriptor(NamedTuple):
    """Weights and directions for images of one shape; see `make_descriptor`."""

    down: Float32
    """Weights of an image's H rows in the h rows of its thumbnail, `(h, H)`."""
    across: Float32
    """Weights of columns, `(w, W)`."""
    directions: Float64
    """The map from a thumbnail's values to a descriptor, whole numbers, `(C * h * w, D)`."""

    def describe(self, images: Images, mirrored: bool = False) -> Float32:
        """Compute descriptors, `(N, D)`, of images `(N, H, W, C)`.

        They are whole numbers, with a norm of LENGTH before rounding; zeros for flat images.
        """
        parts = [np.empty((0, self.directions.shape[1]), np.float32)]
        for part in _batches(images):
            thumbnails = self.thumbnails(part[:, :, ::-1] if mirrored else part)
            flat = (thumbnails**2).mean(1) < (FLAT * STEPS) ** 2
            projected = thumbnails @ self.directions  # exact: less than 2^53
            length = np.sqrt((projected**2).sum(1, keepdims=True))
            projected[flat | (length[:, 0] == 0)] = 0
            parts.append(np.rint(projected * (LENGTH / length.clip(1))).astype(np.float32))
        return np.concatenate(parts)

    def thumbnails(self, images: Images) -> Float64:
        """Compute thumbnails without their means, `(N, C * h * w)`, in whole STEPS."""
        reduced = np.matmul(self.down, images.transpose(0, 3, 1, 2).astype(np.float32))
        thumbnails: Float64 = np.rint((reduced @ self.across.T) * STEPS).astype(np.float64)
        thumbnails -= np.rint(thumbnails.mean((2, 3), keepdims=True))
        return thumbnails.reshape(len(images), -1)


@cache
def make_descriptor(shape: tuple[int, int, int]) -> Descriptor:
    """Learn the directions for images of a shape `(H, W, C)`, from shifts of synthetic ones."""
    height, width, channels = shape
    down, across = _weights(height), _weights(width)
    size = channels * len(down) * len(across)
    plain = Descriptor(down, across, np.eye(size))
    dy, dx = max(1, height // 16), max(1, width // 16)
    shifts = [(y, x) for y in (0, dy, 2 * dy) for x in (0, dx, 2 * dx) if (y, x) != (dy, dx)]
    within, between = np.zeros((2, size, size))
    for sample in _synthetic(shape):
        thumbnails = plain.thumbnails(sample) / STEPS
        between += thumbnails.T @ thumbnails / SAMPLE
        padded = np.pad(sample, ((0, 0), (dy, dy), (dx, dx), (0, 0)), "edge")
        for y, x in shifts:
            shifted = plain.thumbnails(padded[:, y : y + height, x : x + width]) / STEPS
            change = shifted - thumbnails
            within += change.T @ change / (SAMPLE * len(shifts))
    within += np.eye(size) * (RIDGE * np.trace(within) / size + 1e-6)
    whiten = np.linalg.inv(np.linalg.cholesky(within))
    ratios, axes = np.linalg.eigh(whiten @ between @ whiten.T)
    ratios, axes = ratios[::-1][:DIMENSIONS].clip(0), axes[:, ::-1][:, :DIMENSIONS]
    directions = whiten.T @ axes * (np.sqrt(ratios) / (1 + ratios))
    return Descriptor(down, across, np.rint(directions * (DIRECTION / np.abs(directions).max())))


def _synthetic(shape: tuple[int, int, int]) -> Iterator[Images]:
    """Yield SAMPLE images in parts, `(N, H, W, C)`: noise with the amplitude spectrum of photos."""
    height, width, channels = shape
    random = np.random.default_rng(0)
    canvas = (
        2 * height,
        2 * width,
    )  # images are cut from a larger field, since its opposite edges meet
    frequency = np.hypot(
        np.fft.fftfreq(canvas[0], 1 / height)[:, None], np.fft.rfftfreq(canvas[1], 1 / width)
    )
    amplitude = (1 / np.maximum(frequency, 0.5)).astype(np.float32)
    amplitude[0, 0] = 0
    share = np.sqrt([1 - CHANNEL_SHARE, *[CHANNEL_SHARE] * channels]).astype(np.float32)
    for _ in range(0, SAMPLE, MADE_UP_AT_ONCE):
        noise = random.standard_normal((MADE_UP_AT_ONCE, 1 + channels, *canvas), np.float32)
        shapes = np.fft.irfft2(np.fft.rfft2(noise) * amplitude, s=canvas)[..., :height, :width]
        shapes *= (share / shapes.std((0, 2, 3)))[:, None, None]
        images = (shapes[:, :1] + shapes[:, 1:]).transpose(0, 2, 3, 1)
        yield (images * MADE_UP_CONTRAST + 120).clip(0, 255).astype(np.uint8)


def _weights(size: int) -> Float32:
    """Gaussian weights of `size` pixels in each of a thumbnail, 0 in MARGIN; `(h, size)`."""
    margin = int(size * MARGIN)
    inner = size - 2 * margin
    side = min(THUMBNAIL_SIDE, inner)
    centres = (np.arange(side) + 0.5) * inner / side - 0.5 + margin
    return gaussian_weights(size, centres, max(0.5, inner / 16), 1e-6, margin)


def _batches(images: Images) -> Iterator[Images]:
    for start in range(0, len(images), IMAGES_AT_ONCE):
        yield images[start : start + IMAGES_AT_ONCE]
