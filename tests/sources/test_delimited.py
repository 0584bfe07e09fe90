"""Delimited text: which delimiter and columns it has, where a row is, which line is bad."""

import io
from functools import partial

import pyarrow as pa
import pyarrow.csv
import pytest

from pipeline.sources import delimited
from pipeline.sources.delimited import DelimitedText


def text_of(data: str | bytes) -> DelimitedText:
    return DelimitedText(partial(io.BytesIO, data.encode() if isinstance(data, str) else data))


@pytest.mark.parametrize(
    ("data", "delimiter", "header"),
    [
        ("a,b;c,d\n1,2,3\n", ",", ["a", "b;c", "d"]),
        ("\ufeffa;b;c,d\r\n", ";", ["a", "b", "c,d"]),
        ("a\tb", "\t", ["a", "b"]),
        ("a\n1,2\n", ",", ["a"]),
        ('"a\nb",c\n', ",", ["a\nb", "c"]),
        ("\n\na,b\n", ",", ["a", "b"]),
        ("", ",", []),
    ],
)
def test_delimiter_and_header(data, delimiter, header):
    assert (text_of(data).delimiter, text_of(data).header()) == (delimiter, header)


def test_a_header_that_is_no_utf8():
    text = text_of("a,größe\n1,2\n".encode("latin-1"))
    assert text.header("replace") == ["a", "gr\ufffd\ufffde"]
    with pytest.raises(UnicodeDecodeError):
        text.header()


def test_values_are_text_and_empty_ones_null():
    data = 'id;n;more\n007;nan;x\n;"";y\n'
    options = text_of(data).arrow_options(["n", "id"])
    table = pa.csv.read_csv(io.BytesIO(data.encode()), **options)
    assert table.to_pydict() == {"n": ["nan", None], "id": ["007", None]}


def test_rows_have_the_line_in_which_they_begin():
    text = text_of('a,b\n1,"x\ny"\n\n\n2,z\r\n3,w')
    assert list(text.rows()) == [
        (1, ["a", "b"]),
        (2, ["1", "x\ny"]),
        (6, ["2", "z"]),
        (7, ["3", "w"]),
    ]
    assert [text.line_of(row) for row in range(3)] == [2, 6, 7]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"a,b\n1,2\n", None),
        (b"", None),
        (b"a,b\n1,2\n\n1\n", "line 4 has 1 values, expected 2"),
        (b"a,b\n1,2\n1,\xff\n1\n", "line 3 is no UTF-8"),
        ("a,b\n1,ä\n".encode()[:-2], "line 2 is no UTF-8"),  # cut within a letter
        (b"a,b\n1,2\n1," + b"x" * 200_000, "after line 2: field larger than field limit (131072)"),
    ],
)
@pytest.mark.parametrize("block_bytes", [1, 3, 8 << 20])
def test_the_first_bad_line(data, said, block_bytes, monkeypatch):
    monkeypatch.setattr(delimited, "BLOCK_BYTES", block_bytes)
    assert text_of(data).first_bad_line() == said
