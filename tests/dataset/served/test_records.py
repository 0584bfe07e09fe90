"""Records are read back as they were written, less what is torn or damaged."""

import time
import uuid
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.dataset.served.layout import (
    ANSWERS,
    TRUTHS,
    Layout,
    answer_row,
    read_records,
    truth_row,
)
from pipeline.dataset.served.tables import read_served, write_parquet

LAYOUT = Layout(ANSWERS, "ab" * 32, 3, 2, ("brightness",))
DIGEST = "0f" * 32
ID = uuid.UUID(int=7)
VALUES = (
    np.array([1, 2, 3], "<f2").tobytes()
    + np.array([0.5], "<f4").tobytes()
    + np.array([9, 8], "<f2").tobytes()
)
ROW = answer_row(10.5, ID.bytes, DIGEST, 0.25, VALUES)
WHOLE = LAYOUT.header() + ROW * 3


def test_rows_are_read_as_they_were_written(tmp_path):
    path = tmp_path / "a.rec"
    path.write_bytes(WHOLE)
    layout, rows, num_torn = read_records(path)
    assert layout == LAYOUT
    assert num_torn == 0
    assert len(rows) == 3
    first = rows[0]
    assert (first["time"], first["seconds"], first["digest"]) == (10.5, 0.25, DIGEST.encode())
    assert first["id"].tobytes() == ID.bytes
    assert first["outputs"].tolist() == [1, 2, 3]
    assert first["measured"].tolist() == [0.5]
    assert first["embedding"].tolist() == [9, 8]


def test_a_row_has_the_bytes_of_its_layout():
    assert len(ROW) == LAYOUT.dtype().itemsize
    row = truth_row(1.0, ID.bytes, "é" * 100)
    assert len(row) == Layout(TRUTHS, "").dtype().itemsize


@pytest.mark.parametrize("length", range(len(LAYOUT.header()), len(WHOLE)))
def test_a_torn_tail_costs_its_row_alone(tmp_path, length):
    path = tmp_path / "a.rec"
    path.write_bytes(WHOLE[:length])
    _, rows, num_torn = read_records(path)
    whole, rest = divmod(length - len(LAYOUT.header()), len(ROW))
    assert len(rows) == whole
    assert num_torn == (rest > 0)


@given(place=st.integers(0, len(ROW) - 1), bit=st.integers(0, 7), row=st.integers(0, 2))
def test_no_damaged_row_is_believed(tmp_path_factory, place, bit, row):
    path = tmp_path_factory.mktemp("bits") / "a.rec"
    content = bytearray(WHOLE)
    content[len(LAYOUT.header()) + row * len(ROW) + place] ^= 1 << bit
    path.write_bytes(content)
    _, rows, num_torn = read_records(path)
    assert (len(rows), num_torn) == (2, 1)


@given(content=st.binary(max_size=200), keep=st.integers(0, len(LAYOUT.header()) - 1))
def test_another_file_is_no_file_of_records(tmp_path_factory, content, keep):
    path = tmp_path_factory.mktemp("others") / "a.rec"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"no file of records|not whole|damaged"):
        read_records(path)
    path.write_bytes(LAYOUT.header()[:keep])
    with pytest.raises(ValueError, match=r"no file of records|not whole"):
        read_records(path)


def test_a_damaged_header_is_refused(tmp_path):
    path = tmp_path / "a.rec"
    content = bytearray(WHOLE)
    content[20] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match="its header is damaged"):
        read_records(path)


def test_a_folder_becomes_two_tables(tmp_path):
    write(tmp_path / "m1/20260101T00-answers-1-0.rec", WHOLE[:-1])
    other = Layout(ANSWERS, "cd" * 32, 1, 2, ("length",))
    row = answer_row(5.0, ID.bytes, None, 0.5, b"\0\0" + b"\0\0\xc0\x7f" + b"\0" * 4)
    write(tmp_path / "m2/20260101T01-answers-1-0.rec", other.header() + row)
    truths = Layout(TRUTHS, "ab" * 32).header() + truth_row(20.0, ID.bytes, "Katze é")
    write(tmp_path / "m1/20260101T00-truths-1-0.rec", truths)
    write(tmp_path / "m1/20260101T00-truths-2-0.rec", b"rubbish")
    served = read_served(tmp_path)
    assert served.num_torn == 1
    assert [text.split(": ")[1] for text in served.unreadable] == ["no file of records"]
    assert served.answers["time"].cast(pa.int64()).to_pylist() == [5_000_000, *[10_500_000] * 2]
    assert served.answers["digest"].to_pylist() == [None, DIGEST, DIGEST]
    assert served.answers["outputs"].to_pylist() == [[0], [1, 2, 3], [1, 2, 3]]
    assert served.answers["brightness"].to_pylist() == [None, 0.5, 0.5]
    assert served.answers["length"].to_pylist() == [None, None, None]
    assert served.truths["label"].to_pylist() == ["Katze é"]
    assert served.truths["id"].to_pylist() == [str(ID)]
    write_parquet(served.answers, tmp_path / "answers.parquet")
    assert pq.read_table(tmp_path / "answers.parquet").num_rows == 3


def test_an_empty_folder_has_no_rows(tmp_path):
    served = read_served(tmp_path / "nothing")
    assert (served.answers.num_rows, served.truths.num_rows, served.num_torn) == (0, 0, 0)


def test_many_rows_are_read_in_a_moment(tmp_path):
    write(tmp_path / "a.rec", LAYOUT.header() + ROW * 20_000)
    start = time.process_time()
    assert read_served(tmp_path).answers.num_rows == 20_000
    assert time.process_time() - start < 3


def write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
