"""From encoded images to arrays of one shape."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from pipeline.dataset.table import read_index, read_tables
from pipeline.modalities.images.arrays import Images
from pipeline.modalities.images.prepare.decoding import decode
from pipeline.runtime.process import map_ordered

Shape = tuple[int, int, int]
"""Height, width and channels."""

IMAGES_PER_TASK = 2048

CHECK_MAX_SIDE = 64  # pixels; the check looks at larger images reduced, to save time and memory


def comparison_shape(index: Mapping[str, Any]) -> Shape:
    """Of images as comparisons and the label check see them; `index` is that of data/raw."""
    height, width = (max(2, min(side, CHECK_MAX_SIDE)) for side in index["image_size"])
    return height, width, index["channels"]


def load_pixels(folder: Path, shape: Shape, policy: str) -> Images:
    """Pixels of every row of an example table, `(N, H, W, C)`; black where it has no image."""
    images = np.zeros((read_index(folder)["examples"], *shape), np.uint8)
    at = 0
    for part in map_ordered(partial(decode_all, shape=shape, policy=policy), _encoded(folder)):
        images[at : at + len(part)] = part
        at += len(part)
    return images


def decode_all(encoded: Sequence[bytes | None], shape: Shape, policy: str) -> Images:
    """Decode images and bring each to `shape`; black for None. See `resize` for `policy`."""
    images = np.zeros((len(encoded), *shape), np.uint8)
    for position, data in enumerate(encoded):
        if data is not None:
            images[position] = resize(decode(data), *shape, policy)
    return images


def resize(image: Images, height: int, width: int, channels: int, policy: str) -> Images:
    """Bring one image, `(H, W, C)`, to `(height, width, channels)`, antialiased.

    `squash` ignores the aspect ratio, `crop` fills the frame and cuts what hangs over,
    `pad` fits into the frame and leaves black around.
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


def _encoded(folder: Path) -> Iterator[list[bytes | None]]:
    for table in read_tables(folder, ["image"]):
        for start in range(0, table.num_rows, IMAGES_PER_TASK):
            yield table["image"].slice(start, IMAGES_PER_TASK).to_pylist()
