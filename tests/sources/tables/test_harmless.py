"""Words from tables cannot drive a terminal, turn a line around, or become one another."""

import pyarrow as pa
import pytest

from pipeline.sources.tables.harmless import harmless, harmless_ids

BAD = [
    "\x1b[31mred",
    "a\nb",
    "a\u202eb",
    "\u2066x",
    "a\u200bb",
    "a\u2028b",
    "\ue000",
    "a\0b",
    "a\x9bb",
]
GOOD = ["plain", "é", "ab", "नमस्ते", "👩\u200d👧", "می\u200cخواهم", "=1+1", "", None]


@pytest.mark.parametrize("text", BAD)
def test_what_nobody_sees_is_written_out(text):
    for column in (pa.array([text, "x"]), pa.chunked_array([[text], ["x"]])):
        (shown, other) = harmless(column).to_pylist()
        assert shown.isascii()
        assert shown.isprintable()
        assert other == "x"


def test_what_is_harmless_stays():
    assert harmless(pa.array(GOOD, pa.string())).to_pylist() == GOOD
    assert harmless_ids(pa.array(GOOD, pa.string())).to_pylist() == GOOD


def test_ids_stay_different():
    texts = [*BAD, "a\\nb", "a\\u202eb"]
    ids = harmless_ids(pa.array(texts)).to_pylist()
    assert len({*ids}) == len(texts)
    assert ids[-2:] == texts[-2:]
