"""Datasets that come inside an installed package: `builtin:digits`."""

import io
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
from PIL import Image

from pipeline.dataset.catalog import Entry
from pipeline.dataset.sources import EXAMPLE_SCHEMA, Source
from pipeline.runtime.errors import SourceError

PREFIX = "builtin:"


def recognises(uri: str) -> bool:
    return uri.startswith(PREFIX)


def open_source(entry: Entry) -> Source:
    """Open scikit-learn's digits: 1,797 handwritten digits, 8×8 pixels, 17 grey levels.

    Raises:
        SourceError: another name than digits.
    """
    if entry.uri != PREFIX + "digits":
        raise SourceError(f"uri {entry.uri} names no built-in dataset", fix="use builtin:digits")
    from sklearn.datasets import load_digits

    digits = load_digits()
    classes = [str(name) for name in digits.target_names]
    return Source(
        classes=classes,
        num_examples=len(digits.target),
        splits=frozenset(),
        tables=_tables(digits.images, [classes[target] for target in digits.target]),
    )


def _tables(images: np.ndarray, labels: list[str]) -> Iterator[pa.Table]:
    num = len(labels)
    yield pa.table(
        {
            "id": [f"{i:04d}" for i in range(num)],
            # 0 to 16 becomes 0 to 255.
            "image": [_png(np.rint(image * 255 / 16).astype(np.uint8)) for image in images],
            "label": labels,
            "split": pa.nulls(num, pa.string()),
            "group": pa.nulls(num, pa.string()),
        },
        schema=EXAMPLE_SCHEMA,
    )


def _png(pixels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="PNG")
    return buffer.getvalue()
