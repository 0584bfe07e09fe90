"""Missing values: what is empty or told; what looks like a code is named, and not changed."""

import pyarrow as pa
import pytest

from pipeline.sources.tables.missing import Code, codes_of, doubtful_codes, without_missing


def column(*values: object) -> pa.ChunkedArray:
    return pa.chunked_array([[None if v is None else str(v) for v in values]], pa.string())


@pytest.mark.parametrize(
    ("code", "same", "other"),
    [
        ("-9", ["-9", "-9.0", " -9", "-09", "-9."], ["9", "-90", "-9.5", "19", "-9x"]),
        ("999", ["999", "999.00", "+999"], ["-999", "9990", "0.999"]),
        ("0", ["0", "0.0", "00"], ["10", "0.5", ""]),
        ("1.50", ["1.5", "1.500"], ["1.05", "15", "1"]),
        ("?", ["?", " ? "], ["??", "x?"]),
        ("NA", ["NA"], ["na", "NAN", "N/A"]),
        ("a.b", ["a.b"], ["axb"]),
        ("^$|.*", ["^$|.*"], ["x", ""]),
    ],
)
def test_codes_are_compared_as_values(code, same, other):
    found, number = without_missing(column(*same, *other, None), [code])
    assert found.to_pylist() == [None] * len(same) + other + [None]
    assert number == len(same)


def test_codes_of_all_columns_or_of_each():
    assert codes_of([-9, "?", ""], "a") == ["-9", "?"]
    assert codes_of({"a": [-9], "b": ["?"]}, "a") == ["-9"]
    assert codes_of({"a": [-9]}, "c") == []
    assert without_missing(column("NA", "x"), [])[1] == 0


def test_a_value_far_from_all_others_may_be_a_code():
    chol = column(*[0] * 30, *range(131, 251))
    assert doubtful_codes(chol) == [Code("0", 30, "is far from the others")]
    assert doubtful_codes(column(*range(20), *[-99] * 3)) == [
        Code("-99", 3, "is far from the others")
    ]
    assert doubtful_codes(column(*range(20), "?", "NA")) == [
        Code("?", 1, "is no number"), Code("NA", 1, "is no number"),
    ]  # fmt: skip
    for values in ([*[0] * 13, *range(1, 12)], ["NA", "KE", "TZ"] * 9, [0, *range(131, 251)], []):
        assert doubtful_codes(column(*values)) == []


def test_a_code_that_is_a_value_elsewhere_is_named():
    outdoor = column(*range(-15, 24), *[-9] * 5)
    assert doubtful_codes(outdoor, ["?", "-9", "999"]) == [
        Code("-9", 6, "is within the range of the others")
    ]
    assert doubtful_codes(column(*range(100, 140), "-9", "-9.0"), ["-9"]) == []
