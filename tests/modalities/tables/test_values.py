"""Cells as people write them."""

import pytest

from pipeline.modalities.tables.content.columns import TableColumn, as_options, columns_of
from pipeline.modalities.tables.content.values import (
    NotFinite,
    days,
    folded,
    parse_boolean,
    parse_date,
    parse_number,
    reader_of,
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12", 12),
        ("-3.50", -3.5),
        ("1.5e-05", 1.5e-05),
        ("1,250.00", 1250),
        ("$1,250.00", 1250),
        ("(320.50)", -320.5),
        ("−15", -15),
        ("-$5", -5),
        ("12.5 %", 12.5),
        ("1 234 567.5", 1234567.5),
        ("1\u202f234", 1234),
        ("1'234", 1234),
        ("1,00,000", 100000),
        (".5", 0.5),
    ],
)
def test_numbers_with_a_point(text, value):
    assert parse_number(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [("130,0", 130), ("1.234,5", 1234.5), ("12.480", 12480), ("1.234.567", 1234567)],
)
def test_numbers_with_a_comma(text, value):
    assert parse_number(text, ",", ".") == value


@pytest.mark.parametrize("text", ["1,2", "12 34", "1,23,4", "a", "1.2.3", "", "--1", "1-2", "٣"])
def test_what_is_no_number(text):
    with pytest.raises(ValueError, match="is no number"):
        parse_number(text)


@pytest.mark.parametrize("text", ["inf", "-Infinity", "1e400", "9" * 400])
def test_what_is_not_finite_is_no_number(text):
    with pytest.raises(NotFinite):
        parse_number(text)


@pytest.mark.parametrize(
    ("text", "order", "value"),
    [
        ("2024-02-29", "year", "2024-02-29"),
        ("2024/2/9", "year", "2024-02-09"),
        ("12/07/2023", "day", "2023-07-12"),
        ("12/07/2023", "month", "2023-12-07"),
        ("01.02.31", "day", "1931-02-01"),
        ("01.02.05", "day", "2005-02-01"),
        ("2023-10-29 02:00", "year", "2023-10-29T02:00:00"),
        ("2023-10-29T02:00:00+02:00", "year", "2023-10-29T00:00:00Z"),
        ("2023-10-29T02:00:00.250Z", "year", "2023-10-29T02:00:00.250000Z"),
    ],
)
def test_dates(text, order, value):
    assert parse_date(text, order) == value


@pytest.mark.parametrize("text", ["2023-02-29", "13/13/2023", "2023-1", "12:00", "20230101", "a"])
def test_what_is_no_date(text):
    with pytest.raises(ValueError):  # noqa: PT011 - of the standard library, or ours
        parse_date(text, "year")


def test_days_since_1970():
    assert days("1970-01-02") == 1
    assert days("1969-12-31T12:00:00") == -0.5
    assert days("1970-01-01T06:00:00Z") == 0.25


def test_yes_and_no():
    assert [parse_boolean(t) for t in ("Yes", " y", "TRUE", "no", "F")] == [True] * 3 + [False] * 2
    with pytest.raises(ValueError, match="neither yes nor no"):
        parse_boolean("maybe")


def test_what_people_see_no_difference_in_folds_alike():
    assert len({folded(t) for t in ("P-1", "p-1 ", "p\u20111", "\u00a0P-1")}) == 1
    assert folded("Málaga") == folded("Ma\N{COMBINING ACUTE ACCENT}laga")


def test_codes_for_missing_are_compared_as_values():
    read = reader_of(TableColumn("a", "number", missing=("-9", "?")))
    assert [read(cell) for cell in ("-9", "-9.0", "?", "", None, "9", -3)] == [None] * 5 + [9, -3]


def test_columns_as_json_are_read_again():
    columns = [
        TableColumn("a", "number", decimal=",", thousands=".", missing=("?",)),
        TableColumn("b", "category", is_input=False, spellings={"x": "X"}),
        TableColumn("c", "date", order="day", pivot=23),
    ]
    assert columns_of(as_options(columns)) == columns
