"""The built-in dataset is scikit-learn's digits, pixel by pixel."""

import numpy as np
import pytest
from sklearn.datasets import load_digits

from pipeline.modalities.images.content.decoding import decode
from pipeline.runtime.errors import SourceError
from tests.support.entries import EXAMPLE_SCHEMA, Entry, open_source


def test_the_built_in_digits():
    digits = load_digits()
    source = open_source(Entry(uri="builtin:digits", license="CC-BY-4.0"))
    (read,) = source.batches
    table = read()
    assert source.target["classes"] == [str(digit) for digit in range(10)]
    assert (source.num_examples, source.splits) == (1797, frozenset())
    assert table.schema == EXAMPLE_SCHEMA
    assert table["id"].to_pylist() == [f"{i:04d}" for i in range(1797)]
    assert table["label"].to_pylist() == [str(target) for target in digits.target]
    assert table["split"].null_count == table["group"].null_count == 1797
    for data, image in zip(table["image"].to_pylist(), digits.images, strict=True):
        assert (np.rint(decode(data)[:, :, 0] / 255 * 16) == image).all()


def test_another_built_in_dataset():
    with pytest.raises(SourceError) as caught:
        open_source(Entry(uri="builtin:letters", license="CC-BY-4.0"))
    assert str(caught.value) == (
        "ERROR uri builtin:letters names no built-in dataset | fix: use builtin:digits"
    )
