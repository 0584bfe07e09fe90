"""Decodes images into arrays of one shape."""

from collections.abc import Sequence

import numpy as np
from PIL import Image

from pipeline.modalities.images.content.arrays import Images
from pipeline.modalities.images.content.decoding import decode

Shape = tuple[int, int, int]
"""Height, width and channels."""


def decode_all(encoded: Sequence[bytes | None], shape: Shape, policy: str) -> Images:
    """Decode images and resize each to `shape`; black for None. See `resize` for `policy`."""
    images = np.zeros((len(encoded), *shape), np.uint8)
    for position, data in enumerate(encoded):
        if data is not None:
            images[position] = resize(decode(data), *shape, policy)
    return images


def resize(image: Images, height: int, width: int, channels: int, policy: str) -> Images:
    """Resize one image, `(H, W, C)`, to `(height, width, channels)`, antialiased.

    `squash` ignores the aspect ratio, `crop` fills the frame and cuts the rest, `pad` fits into
    the frame with black around.
    """
    if image.shape[2] != channels:
        mode = "L" if channels == 1 else "RGB"
        image = _array(_picture(image).convert(mode))
    if image.shape[:2] == (height, width):
        return image
    picture = _picture(image)
    if policy == "squash":
        return _array(picture.resize((width, height), Image.Resampling.BICUBIC))
    scales = (height / picture.height, width / picture.width)
    scale = max(scales) if policy == "crop" else min(scales)
    scaled_size = (
        max(1, round(picture.width * scale)),
        max(1, round(picture.height * scale)),
    )
    scaled = picture.resize(scaled_size, Image.Resampling.BICUBIC)
    left, top = (scaled.width - width) // 2, (scaled.height - height) // 2
    return _array(scaled.crop((left, top, left + width, top + height)))


def _picture(image: Images) -> Image.Image:
    return Image.fromarray(image[:, :, 0] if image.shape[2] == 1 else image)


def _array(picture: Image.Image) -> Images:
    pixels = np.asarray(picture)
    return pixels[:, :, None] if pixels.ndim == 2 else pixels
