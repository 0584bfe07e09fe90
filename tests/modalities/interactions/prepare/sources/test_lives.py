"""Dates of items, as tables have them."""

from datetime import datetime

import pytest

from pipeline.dataset.splits.times import ordinal_of
from pipeline.modalities.interactions.prepare.sources.lives import date_of
from tests.support.interactions import read_events, write_rows


@pytest.mark.parametrize(
    ("text", "begin", "end"),
    [
        ("1995", datetime(1995, 1, 1), datetime(1995, 12, 31, 23, 59, 59, 999999)),
        ("1995-03-04", datetime(1995, 3, 4), datetime(1995, 3, 4, 23, 59, 59, 999999)),
        ("04-Mar-1995", datetime(1995, 3, 4), datetime(1995, 3, 4, 23, 59, 59, 999999)),
        ("1995-03-04T05:06:07Z", datetime(1995, 3, 4, 5, 6, 7), datetime(1995, 3, 4, 5, 6, 7)),
    ],
)
def test_a_year_and_a_date_last_until_their_end(text, begin, end):
    assert date_of(text, is_end=False) == ordinal_of(begin)
    assert date_of(text, is_end=True) == ordinal_of(end)


@pytest.mark.parametrize("text", ["V", "12", "19950", "soon"])
def test_other_texts_are_no_dates(text):
    assert date_of(text, is_end=False) is None


def test_the_source_hands_on_what_validate_cannot_see(tmp_path):
    rows = [[f"u{n}", item, 1700000000 + 90000 * n] for n in range(4) for item in ("a", "b", "c")]
    write_rows(tmp_path / "e.csv", [["user", "item", "time"], *rows, rows[0], rows[1]])
    items = [["id", "title", "from", "to"], ["a", "A", "2020", ""], ["b", "B", "?", "2021-05-06"]]
    write_rows(tmp_path / "i.csv", items)
    said = {"uri": str(tmp_path / "i.csv"), "id": "id", "text": ["title"]}
    read = read_events(tmp_path / "e.csv", items={**said, "since": "from", "until": "to"})
    options = read.source.options
    assert options["lives"] == {
        "a": [ordinal_of(datetime(2020, 1, 1)), None],
        "b": [None, ordinal_of(datetime(2021, 5, 7)) - 1],
    }
    assert options["repeats"] == pytest.approx(2 / 14)
    assert options["unlisted"] == pytest.approx(1 / 3)
    assert options["split_by"] == "last"
    assert "column from: 1 values are no dates, first '?'" in read.said
