"""Affine maps of images, with the conventions of torchvision's `affine`."""

import numpy as np
from numpy.typing import NDArray

from pipeline.dataset.arrays import Float64
from pipeline.modalities.images.content.arrays import Images


def inverse_affine(
    *,
    angle: Float64 | float = 0.0,
    shear: Float64 | float = 0.0,
    scale: Float64 | float = 1.0,
    right: Float64 | float = 0.0,
    down: Float64 | float = 0.0,
) -> Float64:
    """Source of each pixel when images are sheared, rotated, scaled, then shifted.

    Args:
        angle: degrees, clockwise.
        shear: degrees; rows move along x, those above the centre to the right.
        scale: factor of the size, above 0.
        right, down: pixels.

    Returns:
        Matrices, shape `(N, 2, 3)`, from `(x, y, 1)` in the new image to `(x, y)` in the old one;
        both count from the centre of the image.
    """
    turn, slant = np.radians(angle), np.tan(np.radians(shear))
    sine, cosine = np.sin(turn), np.cos(turn)
    rows = [
        [(cosine - sine * slant) / scale, (sine + cosine * slant) / scale],
        [-sine / scale, cosine / scale],
    ]
    whole = [[*row, -(row[0] * right + row[1] * down)] for row in rows]
    entries = np.broadcast_arrays(*(np.atleast_1d(entry) for row in whole for entry in row))
    return np.stack(entries, -1).reshape(-1, 2, 3)


def resample(images: Images, matrices: Float64, interpolation: str, fill: int) -> Images:
    """Resample each image by its matrix; see `inverse_affine`.

    Args:
        interpolation: `nearest` or `bilinear`.
        fill: grey level of pixels from outside the image, 0 to 255.
    """
    _, height, width, _ = images.shape
    m = matrices.astype(np.float32)[..., None]
    right, down = np.float32((width - 1) / 2), np.float32((height - 1) / 2)
    x = np.arange(width, dtype=np.float32) - right
    y = np.arange(height, dtype=np.float32) - down
    from_x = (m[:, 0, 0] * x)[:, None, :] + (m[:, 0, 1] * y + m[:, 0, 2] + right)[:, :, None]
    from_y = (m[:, 1, 0] * x)[:, None, :] + (m[:, 1, 1] * y + m[:, 1, 2] + down)[:, :, None]
    # Farther out there is only the filled margin.
    np.clip(from_x, -1, width, out=from_x)
    np.clip(from_y, -1, height, out=from_y)
    if interpolation == "nearest":
        return _nearest(images, from_x, from_y, fill)
    return _bilinear(images, from_x, from_y, fill)


def _nearest(
    images: Images, from_x: NDArray[np.float32], from_y: NDArray[np.float32], fill: int
) -> Images:
    margins = _with_margins(images, 1, fill)
    index = _index(np.rint(from_x), np.rint(from_y), margins)
    return margins.reshape(-1, images.shape[3]).take(index, axis=0)


def _bilinear(
    images: Images, from_x: NDArray[np.float32], from_y: NDArray[np.float32], fill: int
) -> Images:
    margins = _with_margins(images, 2, fill)
    left, top = np.floor(from_x), np.floor(from_y)
    index = _index(left, top, margins)
    to_right, to_bottom = from_x - left, from_y - top
    drawn = np.empty_like(images)
    for channel in range(images.shape[3]):
        plane = margins[..., channel].astype(np.float32).ravel()

        def pixels(dx: int, dy: int, plane: NDArray[np.float32] = plane) -> NDArray[np.float32]:
            return plane[dy * margins.shape[2] + dx :].take(index)

        above, below = pixels(0, 0), pixels(0, 1)
        above += to_right * (pixels(1, 0) - above)
        below += to_right * (pixels(1, 1) - below)
        above += to_bottom * (below - above)
        drawn[..., channel] = np.rint(above, out=above)
    return drawn


def _with_margins(images: Images, after: int, fill: int) -> Images:
    """Add one pixel before and `after` pixels after each row and column."""
    num, height, width, channels = images.shape
    margins = np.full((num, height + 1 + after, width + 1 + after, channels), fill, np.uint8)
    margins[:, 1 : 1 + height, 1 : 1 + width] = images
    return margins


def _index(x: NDArray[np.float32], y: NDArray[np.float32], margins: Images) -> NDArray[np.intp]:
    """Indices in the flat `margins` of the pixels at x, y of each image."""
    num, height, width, _ = margins.shape
    index = y.astype(np.intp)
    index *= width
    index += x.astype(np.intp)
    index += (np.arange(num) * (height * width) + width + 1)[:, None, None]
    return index
