"""A measurement is defined once: what is measured, what it is called and what follows agree."""

import numpy as np
import pyarrow as pa
import pytest

from pipeline.modalities.images.checks.features import COMPARED
from pipeline.modalities.images.compare.distances import NEEDED
from pipeline.modalities.images.content.measurements import MEASUREMENTS, Measured
from pipeline.modalities.images.show.interface import FIELDS
from pipeline.modalities.images.show.words import TAILS, WORDS
from pipeline.modalities.images.stress.slices import slice_values
from tests.support.image_schema import RAW_SCHEMA

NAMES = [measurement.name for measurement in MEASUREMENTS]
FROM_THE_SHAPE = ["width", "height", "channels"]


def test_each_is_made_of_the_shape_or_of_the_pixels():
    assert [*FROM_THE_SHAPE, *Measured._fields] == NAMES


def test_each_is_a_column_of_its_type():
    assert {m.name: m.type for m in MEASUREMENTS} == {n: RAW_SCHEMA.field(n).type for n in NAMES}


def test_each_has_words_and_nothing_else_has():
    assert list(WORDS) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_each_is_in_the_metadata_for_machines(name):
    assert FIELDS[name][1] == WORDS[name].meaning


def test_each_slice_has_names_for_its_tails():
    table = pa.table({name: np.arange(1, 5, dtype=np.float32) for name in NAMES})
    assert set(slice_values(table)) == set(TAILS)


def test_what_is_compared_and_what_counts_for_outliers_follows():
    assert [name for name in COMPARED if name in NAMES] == [
        m.name for m in MEASUREMENTS if m.compared
    ]
    assert set(NEEDED) >= {m.name for m in MEASUREMENTS if m.offset is not None}
