"""Similarity of images despite compression, brightness, contrast, small shifts and mirroring.

It is the correlation of their details: the band between fine noise and coarse shading, which
compression, brightness and contrast hardly change, and which differs between images that only look
alike.
"""

from functools import cache

import numpy as np
import scipy.fft  # type: ignore[import-untyped]
from numpy.typing import NDArray

from pipeline.dataset.arrays import Float32
from pipeline.modalities.images.compare.weights import gaussian_weights
from pipeline.modalities.images.content.arrays import Images
from pipeline.modalities.images.content.measurements import overlaps

SIDE = 32
"""Pixels; larger images are compared at this size."""
FINE, COARSE = 0.7, 2.0
"""Pixels: standard deviations of the Gaussians whose difference gives details. On CIFAR-10 this
band separates planted copies from images that look alike better than others
(docs/decisions/near-duplicates.md)."""
MAX_SHIFT = 3 / 32
"""Largest shift, as a share of the side, in both directions."""
MARGIN = 1 / 16
"""Share of the side, left out of the overlap of two images: details there use filled pixels."""
NOISE = 1.0
"""Grey levels that rounding and compression add to details."""
PAIRS_AT_ONCE = 1024


def correlate(
    images: Images,
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    mirrored: NDArray[np.bool_],
    enough: float = -1.0,
) -> tuple[Float32, Float32]:
    """Correlate the details of P pairs of images at the best shift.

    Args:
        images: `(N, H, W, C)`.
        first: rows of one image of each pair, which is mirrored where `mirrored`; `(P,)`.
        second: rows of the other, `(P,)`.
        enough: if grey levels correlate less than this, colours are not compared.

    Returns:
        The correlation, -1 to 1, `(P,)`; and the number of pixels that have details, `(P,)`: the
        participation ratio of their energy, 0 where colours were not compared.
    """
    correlation = np.empty(len(first), np.float32)
    num_pixels = np.zeros(len(first), np.float32)
    for start in range(0, len(first), PAIRS_AT_ONCE):
        part = slice(start, start + PAIRS_AT_ONCE)
        distinct, places = np.unique([first[part], second[part]], return_inverse=True)
        a, b = places.reshape(2, -1)
        turned = mirrored[part]
        grey = details(_grey(images[distinct]))
        grey_a, grey_b = _turn(grey[a], turned), grey[b]
        shifts = _best_shift(grey_a[:, 0], grey_b[:, 0])
        found, pixels = _correlate(grey_a, grey_b, shifts)
        chosen = np.flatnonzero(found >= enough)
        if len(chosen):
            color_a = _turn(details(images[distinct[a[chosen]]]), turned[chosen])
            color_b = details(images[distinct[b[chosen]]])
            found[chosen], pixels[chosen] = _correlate(color_a, color_b, shifts[chosen])
        correlation[part], num_pixels[part] = found, pixels
    return correlation, num_pixels


def details(images: NDArray) -> Float32:
    """Details of images `(N, H, W, C)`: `(N, C, h, w)`, with sides of at most SIDE."""
    num, height, width, channels = images.shape
    planes = images.transpose(0, 3, 1, 2).astype(np.float32).reshape(-1, height * width)
    shape = (num, channels, min(height, SIDE), min(width, SIDE))
    band: Float32 = (planes @ _details_operator(height, width)).reshape(shape)
    return band


def _grey(images: Images) -> Float32:
    weights = np.full((images.shape[3], 1), 1 / images.shape[3], np.float32)
    grey: Float32 = images @ weights
    return grey


def _turn(planes: Float32, mirrored: NDArray[np.bool_]) -> Float32:
    """Mirror some of `(P, C, H, W)`, in place: details of a mirror image are mirrored details."""
    planes[mirrored] = planes[mirrored, :, :, ::-1]
    return planes


def evidence(correlation: Float32, num_pixels: Float32) -> Float32:
    """Information that P pairs share, in nats, as if pixels were independent and Gaussian."""
    nats: Float32 = -num_pixels / 2 * np.log1p(-np.minimum(correlation.clip(0) ** 2, 1 - 1e-6))
    return nats


def _correlate(
    first: Float32, second: Float32, shifts: NDArray[np.intp]
) -> tuple[Float32, Float32]:
    """Correlations of details `(P, C, H, W)` at shifts `(P, 2)`, and numbers of pixels, `(P,)`."""
    height, width = first.shape[2:]
    edge_y, edge_x = int(height * MARGIN), int(width * MARGIN)
    correlation = np.zeros(len(first), np.float32)
    num_pixels = np.zeros(len(first), np.float32)
    for y, x in np.unique(shifts, axis=0):
        here = np.flatnonzero((shifts == (y, x)).all(1))
        top, left = edge_y + max(0, -y), edge_x + max(0, -x)
        bottom, right = height - edge_y - max(0, y), width - edge_x - max(0, x)
        a = first[here, :, top:bottom, left:right]
        b = second[here, :, top + y : bottom + y, left + x : right + x]
        a, b = (v.reshape(*v.shape[:2], -1) for v in (a, b))
        a, b = (v - v.mean(2, keepdims=True) for v in (a, b))
        energy_a, energy_b = (np.einsum("ncp,ncp->np", v, v) for v in (a, b))
        floor = NOISE**2 * a[0].size
        total_a, total_b = (v.sum(1) + floor for v in (energy_a, energy_b))
        correlation[here] = np.einsum("ncp,ncp->n", a, b) / np.sqrt(total_a * total_b)
        share = (energy_a / total_a[:, None] + energy_b / total_b[:, None]) / 2
        num_pixels[here] = share.sum(1) ** 2 / (share**2).sum(1).clip(1e-12)
    return correlation, num_pixels


def _best_shift(a: Float32, b: Float32) -> NDArray[np.intp]:
    """Shift from a to b, `(P, H, W)`, of the largest cross-correlation in MAX_SHIFT; `(P, 2)`."""
    _, height, width = a.shape
    # In single precision scipy's is three times as fast as numpy's.
    product = np.conj(scipy.fft.rfft2(a)) * scipy.fft.rfft2(b)
    correlation = scipy.fft.irfft2(product, s=(height, width))
    most_y, most_x = (max(1, round(side * MAX_SHIFT)) for side in (height, width))
    y, x = np.arange(-most_y, most_y + 1), np.arange(-most_x, most_x + 1)
    best = correlation[:, y[:, None], x].reshape(len(a), -1).argmax(1)
    return np.stack([y[best // len(x)], x[best % len(x)]], 1)


@cache
def _details_operator(height: int, width: int) -> Float32:
    """Matrix from pixels to details, `(H * W, h * w)`."""
    fine, coarse = map(np.kron, scales(height), scales(width))
    operator = np.ascontiguousarray((fine - coarse).T)
    operator[np.abs(operator) < 1e-7] = 0  # and no subnormal products of small ones
    return operator


@cache
def scales(size: int) -> tuple[Float32, Float32]:
    """Matrices from `size` pixels to at most SIDE, blurred by FINE and by COARSE; `(S, size)`."""
    side = min(size, SIDE)
    areas = (overlaps(size, side) / size).astype(np.float32)
    fine, coarse = (
        gaussian_weights(side, np.arange(side), sigma, 1e-7) @ areas for sigma in (FINE, COARSE)
    )
    return fine, coarse
