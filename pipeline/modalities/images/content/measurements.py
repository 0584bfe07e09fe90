"""Measures decoded images by exact sums of integers, the same on any machine."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.dataset.measurement import Measurement

BT_601 = [299, 587, 114]  # thousandths of red, green and blue in grey (ITU-R BT.601)
# Small enough for the caches; of a large image, this much is converted to floats at once.
# Sums of whole numbers are exact in any order: up to 2**53 in float64, and in float32 up to 2**24,
# which so many pixels of a channel do not reach.
PIXELS_AT_ONCE = 1 << 16
SUMMED_AT_ONCE = 1 << 18  # values
MAX_SQUARES = (2**32 - 1) // 255**2  # whose sum is a uint32


MEASUREMENTS = (
    Measurement("width", "int32", low=1, compared=True),  # pixels, upright
    Measurement("height", "int32", low=1, compared=True),
    Measurement("channels", "int32", low=1, high=3),
    # Mean grey level, 0 (black) to 1 (white).
    Measurement("brightness", "float32", low=0, high=1, compared=True, offset=0),
    # Standard deviation of the grey level.
    Measurement("contrast", "float32", low=0, high=0.5, compared=True, offset=1e-2),
    # Variance of the Laplacian of the grey level (Pech-Pacheco et al. 2000); 0 where flat.
    Measurement("sharpness", "float32", low=0, high=16, compared=True, offset=1e-4),
    # Mean of the channel; of the grey level where the image has one channel.
    Measurement("red", "float32", low=0, high=1),
    Measurement("green", "float32", low=0, high=1),
    Measurement("blue", "float32", low=0, high=1),
    # Difference hash: is each of 8 x 8 areas brighter than its right neighbour?
    Measurement("dhash", "uint64"),
)
"""The measurements of an image; `measure` and the shape give a value for each."""


class Measured(NamedTuple):
    """Values for N images, each `(N,)`, of the measurements of pixels."""

    brightness: NDArray[np.float32]
    contrast: NDArray[np.float32]
    sharpness: NDArray[np.float32]
    red: NDArray[np.float32]
    green: NDArray[np.float32]
    blue: NDArray[np.float32]
    dhash: NDArray[np.uint64]


def measure(pixels: NDArray[np.uint8]) -> Measured:
    """Measure images of one shape, `(N, H, W, C)`, C 1 or 3."""
    at_once = max(1, PIXELS_AT_ONCE // (pixels.shape[1] * pixels.shape[2]))
    parts = [_measure(pixels[i : i + at_once]) for i in range(0, len(pixels), at_once)]
    return Measured(*map(np.concatenate, zip(*parts, strict=True)))


def _measure(pixels: NDArray[np.uint8]) -> Measured:
    num, height, width, channels = pixels.shape
    sums = np.zeros((num, channels))
    total, squares, edge_total, edge_squares = np.zeros((4, num))
    areas = np.zeros((num, 8, 9))
    down, across = overlaps(height, 8), overlaps(width, 9).T
    rows = max(1, PIXELS_AT_ONCE // (num * width))
    floats: type[np.floating] = np.float32 if rows * width <= PIXELS_AT_ONCE else np.float64
    for top in range(0, height, rows):
        bottom = min(top + rows, height)
        start = max(top - 1, 0)  # edges need the row above and the row below
        block: NDArray[np.floating] = pixels[:, start : bottom + 1].astype(floats)
        counted = block[:, top - start : bottom - start].reshape(num, -1, channels)
        ones: NDArray[np.floating] = np.ones(counted.shape[1], floats)
        sums += ones @ counted
        grey = _grey(block)
        inner = grey[:, top - start : bottom - start].astype(np.float64)
        total += inner.sum((1, 2))
        squares += _squares(inner)
        areas += down[:, top:bottom] @ inner @ across
        edges = grey[:, :-2, 1:-1] + grey[:, 2:, 1:-1]
        edges += grey[:, 1:-1, :-2]
        edges += grey[:, 1:-1, 2:]
        edges -= 4 * grey[:, 1:-1, 1:-1]
        exact = edges.astype(np.float64)
        edge_total += exact.sum((1, 2))
        edge_squares += _squares(exact)
    count = height * width
    edge_count = max(1, max(0, height - 2) * max(0, width - 2))
    variance = squares / count - (total / count) ** 2
    edge_variance = edge_squares / edge_count - (edge_total / edge_count) ** 2
    red, green, blue = ((sums[:, c % channels] / count / 255).astype(np.float32) for c in range(3))
    bits = (areas[:, :, 1:] < areas[:, :, :-1]).reshape(num, 64)
    return Measured(
        brightness=(total / count / 255).astype(np.float32),
        contrast=(np.sqrt(variance.clip(0)) / 255).astype(np.float32),
        sharpness=(edge_variance.clip(0) / 255**2).astype(np.float32),
        red=red,
        green=green,
        blue=blue,
        dhash=np.packbits(bits, axis=1).view(">u8").astype(np.uint64).ravel(),
    )


def _grey(pixels: NDArray[np.floating]) -> NDArray[np.floating]:
    """Grey levels `(N, H, W)`, rounded: whole numbers of thousandths are exact in float32."""
    if pixels.shape[3] == 1:
        return pixels[..., 0]
    grey: NDArray[np.floating] = pixels @ np.array(BT_601, pixels.dtype)
    grey += 500
    grey /= 1000
    np.floor(grey, out=grey)
    return grey


def _squares(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The sum of squares of each of N images, `(N, H, W)`."""
    flat = values.reshape(len(values), 1, -1)
    found: NDArray[np.float64] = flat @ flat.transpose(0, 2, 1)
    return found.ravel()


def overlaps(size: int, areas: int) -> NDArray[np.float64]:
    """Overlap of each of `size` pixels with each of `areas` equal areas, in 1/areas pixels."""
    pixel = np.arange(size) * areas
    area = np.arange(areas)[:, None] * size
    overlap = np.minimum(pixel + areas, area + size) - np.maximum(pixel, area)
    return overlap.clip(0).astype(np.float64)


class ChannelSums(NamedTuple):
    """Exact sums over pixels, to be added up over batches; see `of` and `mean_std`."""

    num_pixels: int
    """Pixels in each channel."""
    total: NDArray[np.int64]
    squares: NDArray[np.int64]

    @classmethod
    def none(cls, channels: int) -> "ChannelSums":
        return cls(0, np.zeros(channels, np.int64), np.zeros(channels, np.int64))

    @classmethod
    def of(cls, images: NDArray[np.uint8]) -> "ChannelSums":
        """Sums over images `(N, H, W, C)`."""
        num, height, width, channels = images.shape
        flat = images.reshape(num, height * width * channels)
        total, squares = np.zeros((2, flat.shape[1]), np.int64)  # by place, then by channel
        step = max(1, min(SUMMED_AT_ONCE // flat.shape[1], MAX_SQUARES))
        for start in range(0, num, step):
            part = flat[start : start + step].astype(np.uint32)
            total += part.sum(0, dtype=np.uint32).astype(np.int64)
            part *= part
            squares += part.sum(0, dtype=np.uint32).astype(np.int64)
        sums = (places.reshape(-1, channels).sum(0) for places in (total, squares))
        return cls(num * height * width, *sums)

    def plus(self, other: "ChannelSums") -> "ChannelSums":
        return ChannelSums(
            self.num_pixels + other.num_pixels,
            self.total + other.total,
            self.squares + other.squares,
        )

    def mean_std(self) -> tuple[list[float], list[float]]:
        """Mean and standard deviation of each channel, of pixels from 0 to 255."""
        mean = self.total / self.num_pixels
        variance = (self.squares / self.num_pixels - mean**2).clip(0)
        return mean.tolist(), np.sqrt(variance).tolist()
