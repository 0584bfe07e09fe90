"""Datasets in an installed package: `builtin:digits`."""

from functools import partial

import numpy as np
import pyarrow as pa

from pipeline.modalities.images.content.decoding import encode_png
from pipeline.runtime.errors import SourceError
from pipeline.sources.source import Source, examples_table

DIGITS = "builtin:digits"


def open_builtin(uri: str) -> Source:
    """Open scikit-learn's digits: 1,797 handwritten digits, 8×8 pixels, 17 grey levels.

    Raises:
        SourceError: the name is not digits.
    """
    if uri != DIGITS:
        raise SourceError(f"uri {uri} names no built-in dataset", fix=f"use {DIGITS}")
    from sklearn.datasets import load_digits

    digits = load_digits()
    names = [str(name) for name in digits.target_names]
    return Source(
        labels=names,
        num_examples=len(digits.target),
        splits=frozenset(),
        batches=iter([partial(_read, digits.images, [names[t] for t in digits.target])]),
    )


def _read(images: np.ndarray, labels: list[str]) -> pa.Table:
    return examples_table(
        "image",
        [f"{i:04d}" for i in range(len(labels))],
        # 0 to 16 becomes 0 to 255.
        image=[
            encode_png(np.rint(image * 255 / 16).astype(np.uint8)[:, :, None]) for image in images
        ],
        label=labels,
    )
