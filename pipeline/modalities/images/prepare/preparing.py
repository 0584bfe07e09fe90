"""Turns contents of a source into examples of data/raw; imports neither Arrow nor torch."""

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.modalities.images.content import decoding
from pipeline.modalities.images.content.deep_grey import Range
from pipeline.modalities.images.content.measurements import Measured, measure
from pipeline.modalities.images.content.refusals import UnreadableImage
from pipeline.modalities.prepared import Prepared

MEASURED_AT_ONCE_BYTES = 8 << 20


def prepare(contents: Sequence[bytes | None], limits: Any) -> Prepared:
    """Decode, strip and measure encoded images; see modalities/protocols/prepare.py."""
    max_pixels = limits.max_megapixels * 1e6
    given = getattr(limits, "range_16bit", None)
    range_16bit = Range(*given) if given else None
    num = len(contents)
    stored: list[bytes | None] = [None] * num
    digests: list[str | None] = [None] * num
    modes: list[str | None] = [None] * num
    removed: list[list[str]] = [[] for _ in range(num)]
    problems: list[str | None] = [None] * num
    transient = [False] * num
    measured = MeasuredColumns(num)
    for position, encoded in enumerate(contents):
        try:
            image = decoding.prepare(encoded or b"", max_pixels, range_16bit)
        except UnreadableImage as reason:
            problems[position], transient[position] = str(reason), reason.transient
            continue
        stored[position] = image.data
        digests[position] = hashlib.sha256(image.data).hexdigest()
        modes[position] = image.mode
        removed[position] = image.removed
        measured.add(position, image.pixels)
    return Prepared(
        {"image": stored},
        digests,
        measured.columns(),
        {"mode": modes},
        removed,
        problems,
        transient,
    )


class MeasuredColumns:
    """Collects measurements by column; images of one shape are measured together.

    At most MEASURED_AT_ONCE_BYTES of pixels wait, and one image more, of any size.
    """

    NAMES = ("height", "width", "channels", *Measured._fields)

    def __init__(self, num_rows: int) -> None:
        self._values: dict[str, list[float | None]] = {n: [None] * num_rows for n in self.NAMES}
        self._waiting: dict[tuple[int, ...], list[tuple[int, NDArray[np.uint8]]]] = {}
        self._waiting_bytes = 0

    def add(self, position: int, pixels: NDArray[np.uint8]) -> None:
        self._waiting.setdefault(pixels.shape, []).append((position, pixels))
        self._waiting_bytes += pixels.nbytes
        if self._waiting_bytes > MEASURED_AT_ONCE_BYTES:
            self._measure()

    def columns(self) -> dict[str, list[float | None]]:
        self._measure()
        return self._values

    def _measure(self) -> None:
        for (height, width, channels), images in self._waiting.items():
            found = measure(np.stack([pixels for _, pixels in images]))
            same = [[side] * len(images) for side in (height, width, channels)]
            for name, values in zip(self.NAMES, same + [c.tolist() for c in found], strict=True):
                for (position, _), value in zip(images, values, strict=True):
                    self._values[name][position] = value
        self._waiting.clear()
        self._waiting_bytes = 0
