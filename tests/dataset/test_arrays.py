"""Arrays of numbers go into columns of tables and come back, to the bit; a sample of rows."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.dataset.arrays import sample_rows
from pipeline.dataset.columns import binary_column, numbers_of


def numbers(dtype: str, *shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 200, shape).astype(dtype)


@pytest.mark.parametrize("dtype", ["uint8", "int8", "int32", "float16", "float32", "float64"])
@pytest.mark.parametrize("shape", [(5, 3), (5,), (5, 2, 3), (1, 4), (0, 3)], ids=str)
def test_what_goes_in_comes_out(dtype, shape):
    array = numbers(dtype, *shape)
    column = binary_column(array)
    width = array.dtype.itemsize * int(np.prod(shape[1:]))
    assert column.type == pa.binary(width)
    assert [row.tobytes() for row in array] == column.to_pylist()
    found = numbers_of(pa.chunked_array([column]), array.dtype)
    assert found.dtype == array.dtype
    assert found.shape == (shape[0], int(np.prod(shape[1:])))
    assert found.tobytes() == array.tobytes()


def test_numbers_that_are_none_keep_their_bits():
    array = np.array([[np.nan, -0.0], [np.inf, -np.inf]], np.float16)
    found = numbers_of(pa.chunked_array([binary_column(array)]), array.dtype)
    assert found.tobytes() == array.tobytes()


def test_rows_that_do_not_stand_together_in_memory():
    array = numbers("int32", 6, 4)[::2, ::2]
    found = numbers_of(pa.chunked_array([binary_column(array)]), array.dtype)
    assert (found == array).all()


def test_chunks_and_parts_of_chunks(tmp_path):
    array = numbers("float32", 10, 3)
    column = binary_column(array)
    parts = pa.chunked_array([column.slice(2, 3), column.slice(0, 0), column.slice(7)])
    assert (numbers_of(parts, array.dtype) == array[[2, 3, 4, 7, 8, 9]]).all()
    pq.write_table(pa.table({"x": column}), tmp_path / "x.parquet", row_group_size=4)
    again = pq.read_table(tmp_path / "x.parquet")["x"]
    assert (numbers_of(again, array.dtype) == array).all()
    assert (numbers_of(again.slice(3, 4), array.dtype) == array[3:7]).all()


def test_no_chunks_no_rows():
    found = numbers_of(pa.chunked_array([], pa.binary(12)), np.dtype(np.float32))
    assert (found.shape, found.dtype) == ((0, 3), np.float32)


def test_a_sample_of_rows_is_spread_and_follows_no_period():
    assert sample_rows(5, 5).tolist() == [0, 1, 2, 3, 4]
    rows = sample_rows(60_000, 2000)
    assert len(rows) > 1990
    assert np.abs(np.histogram(rows, 20, (0, 60_000))[0] - 100).max() <= 5
    for period in (2, 3, 10, 30):
        counts = np.bincount(rows % period, minlength=period)
        assert counts.min() > 0.7 * 2000 / period
