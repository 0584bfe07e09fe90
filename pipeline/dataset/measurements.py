"""Measurements of decoded images, all by exact sums of integers: the same on any machine."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Measurements(NamedTuple):
    """One value for each of N images, all exact sums of integers, so the same on any machine."""

    brightness: NDArray[np.float32]
    """Mean grey level, 0 (black) to 1 (white)."""
    contrast: NDArray[np.float32]
    """Standard deviation of the grey level, 0 to 0.5."""
    sharpness: NDArray[np.float32]
    """Variance of the Laplacian of the grey level (Pech-Pacheco et al. 2000); 0 where flat."""
    red: NDArray[np.float32]
    """Mean of the channel, 0 to 1; of the grey level where the image has one channel."""
    green: NDArray[np.float32]
    blue: NDArray[np.float32]
    phash: NDArray[np.uint64]
    """Difference hash: is each of 8 x 8 areas brighter than its right neighbour?"""


def measure(pixels: NDArray[np.uint8]) -> Measurements:
    """Measure images of one shape, `(N, H, W, C)`, C 1 or 3."""
    num, height, width, channels = pixels.shape
    if channels == 3:
        weights = np.array([299, 587, 114], np.int32)  # ITU-R BT.601
        grey = (pixels.astype(np.int32) @ weights + 500) // 1000
    else:
        grey = pixels[..., 0].astype(np.int32)
    count = height * width
    total = grey.sum((1, 2), dtype=np.int64)
    squares = (grey * grey).sum((1, 2), dtype=np.int64)
    variance = squares / count - (total / count) ** 2
    edges = np.zeros((num, 1, 1), np.int32)
    if height > 2 and width > 2:
        edges = (
            grey[:, :-2, 1:-1]
            + grey[:, 2:, 1:-1]
            + grey[:, 1:-1, :-2]
            + grey[:, 1:-1, 2:]
            - 4 * grey[:, 1:-1, 1:-1]
        )
    edge_count = edges[0].size
    edge_total = edges.sum((1, 2), dtype=np.int64)
    edge_squares = (edges.astype(np.int64) ** 2).sum((1, 2))
    edge_variance = edge_squares / edge_count - (edge_total / edge_count) ** 2
    means = pixels.sum((1, 2), dtype=np.int64) / count / 255
    red, green, blue = (means[:, channel % channels].astype(np.float32) for channel in range(3))
    # Areas as exact integers: below 2**53, float64 (which has fast products) is exact too.
    areas = _overlaps(height, 8) @ grey.astype(np.float64) @ _overlaps(width, 9).T
    bits = (areas[:, :, 1:] < areas[:, :, :-1]).reshape(num, 64)
    return Measurements(
        brightness=(total / count / 255).astype(np.float32),
        contrast=(np.sqrt(variance.clip(0)) / 255).astype(np.float32),
        sharpness=(edge_variance.clip(0) / 255**2).astype(np.float32),
        red=red,
        green=green,
        blue=blue,
        phash=np.packbits(bits, axis=1).view(">u8").astype(np.uint64).ravel(),
    )


def _overlaps(size: int, areas: int) -> NDArray[np.float64]:
    """How much of each of `size` pixels lies in each of `areas` equal areas, in 1/areas pixels."""
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
        _, total, squares = cls.none(images.shape[3])
        for start in range(0, len(images), 1024):
            part = images[start : start + 1024].astype(np.uint32)
            total = total + part.sum((0, 1, 2), dtype=np.int64)
            squares = squares + (part * part).sum((0, 1, 2), dtype=np.int64)
        return cls(int(np.prod(images.shape[:3])), total, squares)

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
