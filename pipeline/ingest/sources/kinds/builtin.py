"""Datasets that come inside an installed package: `builtin:digits`."""

from functools import partial

import numpy as np
import pyarrow as pa

from pipeline.dataset.catalog import Entry
from pipeline.modalities.images.prepare.decoding import encode_png
from pipeline.runtime.errors import SourceError
from pipeline.sources.source import Source, examples_table

PREFIX = "builtin:"


def recognises(uri: str) -> bool:
    """Whether an address names a dataset inside a package."""
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
        batches=iter([partial(_read, digits.images, [classes[t] for t in digits.target])]),
    )


def _read(images: np.ndarray, labels: list[str]) -> pa.Table:
    return examples_table(
        [f"{i:04d}" for i in range(len(labels))],
        # 0 to 16 becomes 0 to 255.
        image=[
            encode_png(np.rint(image * 255 / 16).astype(np.uint8)[:, :, None]) for image in images
        ],
        label=labels,
    )
