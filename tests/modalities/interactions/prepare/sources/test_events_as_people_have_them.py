"""Tables of events that other tools read wrongly in silence."""

import random
from collections import Counter
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.runtime.errors import SourceError
from tests.support.interactions import read_events, write_rows

COLUMNS = {"user": "user", "item": "item", "time": "time"}


def test_ids_that_look_like_numbers_are_texts_as_they_are_written(tmp_path):
    draw = random.Random(9)
    users = [
        "7",
        "07",
        "007",
        "0007",
        "12",
        "9007199254740992",
        "9007199254740993",
        "1e5",
        "100000",
        "100",
        "0100",
        "3",
    ]
    items = ["0123456789", "123456789", "0987654321", "00042", "42", "42.0", "01000", "1000"]
    items += [f"9780000{number:06}" for number in range(7)]
    pairs = [(user, item) for user in users for item in draw.sample(items, 9)]
    rows = [[u, i, 1700000000 + 3600 * (97 * k % 1000)] for k, (u, i) in enumerate(pairs)]
    rows.insert(50, ["", "42", 1700000001])
    write_rows(tmp_path / "events.csv", [["user", "item", "time"], *rows])
    titles = [[item, f"Title {number:02}"] for number, item in enumerate(items)]
    write_rows(tmp_path / "items.csv", [["item", "title"], *titles])
    said = {"uri": str(tmp_path / "items.csv"), "id": "item", "text": ["title"]}
    read = read_events(tmp_path / "events.csv", columns=COLUMNS, items=said)
    assert len(read.events) == 108
    assert read.source.beside == {"no user": 1}
    assert Counter(event["user"] for event in read.events) == dict.fromkeys(users, 9)
    assert {event["item"] for event in read.events} <= {*items}
    known = read.source.target["titles"]
    assert [known[i] for i in ("0123456789", "123456789", "42.0")] == [
        "Title 00",
        "Title 01",
        "Title 05",
    ]


def test_items_of_another_table_are_an_error(tmp_path):
    events = write_rows(tmp_path / "e.csv", [["user", "item", "time"], ["a", "7", 1700000000]])
    write_rows(tmp_path / "i.csv", [["item", "title"], ["007", "Seven"]])
    said = {"uri": str(tmp_path / "i.csv"), "id": "item", "text": ["title"]}
    with pytest.raises(SourceError, match="none of the 1 items of the events is in the table"):
        read_events(events, columns=COLUMNS, items=said)


def test_a_table_without_a_header_is_read_by_the_numbers_of_its_columns(tmp_path):
    events = write_rows(tmp_path / "u.csv", [["u1", f"i{n}", 4, 1700000000 + n] for n in range(9)])
    with pytest.raises(
        SourceError, match=r"no column called user or .* it has u1, i0, 4"
    ) as caught:
        read_events(events)
    assert "if the first line is an event, columns are called 0, 1, 2" in caught.value.fix
    read = read_events(events, columns={"user": "0", "item": "1", "value": "2", "time": "3"})
    assert [event["item"] for event in read.events] == [f"i{n}" for n in range(9)]


@pytest.fixture
def mixed_times(tmp_path):
    """120 events in seconds, milliseconds and texts; 3 without a time and 4 of the year 2200."""
    rows = []
    for number in range(120):
        when = 1704067200 + 86400 * (number // 12) * 30 + 3607 * (number % 12)
        written = when
        if number % 3 == 1:
            written = when * 1000
        elif number % 20 == 0:
            written = datetime.fromtimestamp(when, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        rows.append([f"u{number % 12:02}", f"i{number // 12}", written])
    rows += [["u00", "i3", 0], ["u01", "i4", -1], ["u02", "i5", 0]]
    rows += [[f"u{number:02}", "i9", 7258118400 + number] for number in range(4)]
    random.Random(10).shuffle(rows)
    return write_rows(tmp_path / "events.csv", [["user", "item", "time"], *rows])


def test_each_time_is_read_by_its_own_unit(mixed_times):
    split = {"by": "time", "val": 0.1, "test": 0.2}
    read = read_events(mixed_times, columns=COLUMNS, split=split)
    assert read.source.beside == {
        "no time": 3,
        "a time far in the future of all others": 4,
    }
    assert "80 in seconds since 1970, 40 in milliseconds since 1970, 4 as text" in read.said
    assert min(event["time"] for event in read.events) == "2024-01-01"
    assert max(event["time"] for event in read.events) < "2024-09-28"
    for user in range(12):
        assert read.of(f"u{user:02}") == [f"i{number}" for number in range(10)]
    assert read.splits == [84, 12, 24]
    parts = {event["item"]: event["split"] for event in read.events}
    assert [parts[f"i{number}"] for number in (6, 7, 8, 9)] == ["train", "val", "test", "test"]


def test_the_order_of_the_file_means_nothing(mixed_times, tmp_path):
    first, *rows = mixed_times.read_text().splitlines()
    backwards = tmp_path / "backwards.csv"
    backwards.write_text("\n".join([first, *rows[::-1]]) + "\n")
    split = {"by": "last"}
    one, other = (
        read_events(path, columns=COLUMNS, split=split) for path in (mixed_times, backwards)
    )
    assert one.events == other.events


@pytest.fixture
def clicks(tmp_path):
    """143 rows: 120 events, 10 repeats, 8 double clicks, 5 views 40 days later."""
    draw = random.Random(11)
    start, day = 1700000000, 86400
    kinds = ["view", "view", "rating", "view", "cart", "rating", "view", "cart", "rating", "view"]
    rows = []
    for user in range(12):
        for place, item in enumerate(draw.sample(range(15), 10)):
            stars = draw.choice("1345") if kinds[place] == "rating" else ""
            when = start + day * (12 * place + user)
            rows.append([f"u{user:02}", f"i{item:02}", kinds[place], stars, when])
    views = [row for row in rows if row[2] == "view"]
    for row in [row for row in rows if row[2] == "rating"][:6]:
        row[3] = "0"
    rows += [[*row] for row in views[:10]]
    rows += [[*row[:4], row[4] + 2] for row in views[10:18]]
    rows += [[*row[:4], row[4] + 40 * day] for row in views[18:23]]
    draw.shuffle(rows)
    return write_rows(tmp_path / "e.csv", [["user", "item", "event", "rating", "time"], *rows])


def test_repeats_and_double_clicks_count_once_and_later_views_again(clicks):
    read = read_events(clicks, columns={**COLUMNS, "value": "rating"}, split={"by": "last"})
    assert read.source.beside["a repeat in every column"] == 10
    assert read.source.beside["a double click within a minute"] == 8
    assert len(read.events) + sum(read.source.beside.values()) == 143
    assert "column event has 3 kinds (view 83, rating 36, cart 24); only rating" in read.said
    assert "column rating: 89 events have no value" in read.said
    assert "column rating: 6 values are 0, all others at least 1" in read.said


def test_an_event_without_a_value_is_no_0(clicks):
    columns = {**COLUMNS, "value": "rating"}
    read = read_events(clicks, columns=columns, minimum={"value": 4})
    assert len(read.events) + read.source.beside["a value below 4"] == 36
    assert read.source.beside["no value, which minimum: value: asks for"] == 89
    assert all(event["value"] >= 4 for event in read.events)
    assert "89 events without a value are left out" in read.said


def test_tables_of_movielens_are_read_whatever_separates_their_values(tmp_path):
    draw = random.Random(12)
    titles = {number: f"Plain Title {number} ({1980 + number})" for number in range(1, 26)}
    titles |= {3: "Amélie du Pont (2001)", 7: "Zone::Zero (1999)", 14: "Straße, Die (1954)"}
    titles |= {11: 'The "Quoted" One (1990)', 21: "Good, the Bad and the Late, The (1966)"}
    genres = ["Drama", "Action|Children's"]
    lines = [f"{number}::{title}::{genres[number % 2]}\n" for number, title in titles.items()]
    (tmp_path / "movies.dat").write_bytes("".join(lines).encode("latin-1"))
    rows = [
        f"{user}::{item}::{draw.randint(1, 5)}::{978300000 + 500 * place + user}"
        for user in range(1, 13)
        for place, item in enumerate(draw.sample(range(1, 23), 10))
    ]
    rows += [f"{user}::{item}::4::{978310000 + user}" for user in (1, 2, 3) for item in (901, 902)]
    (tmp_path / "ratings.dat").write_text("\n".join(rows) + "\n")
    read = read_events(
        tmp_path / "ratings.dat",
        columns={"user": 0, "item": 1, "value": 2, "time": 3},
        items={"uri": str(tmp_path / "movies.dat"), "id": 0, "text": [1, 2]},
    )
    assert len(read.events) == 126
    assert len({event["user"] for event in read.events}) == 12
    assert {"1", "901", "902"} <= {event["item"] for event in read.events}
    known = read.source.target["titles"]
    assert [known[str(number)] for number in titles] == list(titles.values())
    assert read.source.options["categories"]["7"] == ["Action", "Children's"]
    assert "line 3" in read.said
    assert "Latin-1" in read.said
    assert "2 items are in no table of items, first '901'" in read.said
    assert "items of the table have no event" in read.said
    assert {"23", "24", "25", "901"} <= {*read.source.labels}


def test_a_line_with_another_number_of_values_is_refused_by_its_number(tmp_path):
    (tmp_path / "r.dat").write_text("1::2::3::978300000\n1::2::978300000\n1::3::4::978300001\n")
    with pytest.raises(SourceError, match="line 2 has 3 values, most have 4"):
        read_events(tmp_path / "r.dat", columns={"user": 0, "item": 1, "time": 3})


def test_columns_of_parquet_that_are_no_texts_are_named(tmp_path):
    num = 40
    columns = {
        "user": pa.array([f"u{n % 8}".encode() for n in range(num)], pa.binary()),
        "item": pa.array([n % 5 for n in range(num)]),
        "time": pa.array([1700000000 + 3600 * n for n in range(num)]),
        "tags": pa.array([["a"]] * num),
        "cover": pa.array([b"\x89PNG\xff"] * num),
    }
    pq.write_table(pa.table(columns), tmp_path / "events.parquet")
    read = read_events(tmp_path / "events.parquet", columns=COLUMNS)
    assert {event["user"] for event in read.events} == {f"u{n}" for n in range(8)}
    notes = " ".join(read.source.notes)
    assert "column tags is not read: it has list<element: string>" in notes
    assert "column cover is not read: it has binary" in notes


def _events(tmp_path, last, names=("user", "item", "time")):
    rows = [[f"u{n % 6}", f"i{n}", *last(n)] for n in range(30)]
    return write_rows(tmp_path / "e.csv", [[*names], *rows])


def test_seconds_with_a_fraction_are_read(tmp_path):
    path = _events(tmp_path, lambda n: [f"{1704067200 + n}.25"])
    read = read_events(path, columns=COLUMNS)
    assert min(event["time"] for event in read.events) == "2024-01-01 00:00:00.250000"


def test_times_that_are_not_understood_are_named_with_a_way_to_write_them(tmp_path):
    path = _events(tmp_path, lambda n: [f"01/{n + 1:02}/2024 01:00 PM"])
    with pytest.raises(SourceError, match=r"a time that is not understood \(30\) \| fix: write"):
        read_events(path, columns=COLUMNS)


def test_times_with_and_without_a_zone_are_told_apart(tmp_path):
    path = _events(tmp_path, lambda n: [f"2024-01-{n + 1:02}T01:00:00{'Z' * (n % 3 > 0)}"])
    said = "; ".join(read_events(path, columns=COLUMNS).source.doubts)
    assert "times are 20 as text with a zone, 10 as text without a zone" in said


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (lambda n: 99 if n % 6 == 0 else n % 5 + 1, "5 values are 99, far from the others"),
        (lambda n: n % 5 - 2, "12 values are below 0, the least -2"),
        (lambda n: "like" if n % 3 == 0 else 3, "10 values are no finite number, such as like"),
    ],
)
def test_values_that_are_no_ratings_are_named(tmp_path, value, said):
    names = ("user", "item", "time", "rating")
    path = _events(tmp_path, lambda n: [1704067200 + 90 * n, value(n)], names)
    read = read_events(path, columns=COLUMNS | {"value": "rating"})
    assert said in "; ".join(read.source.doubts)


def test_values_with_a_decimal_comma_are_numbers(tmp_path):
    names = ("user", "item", "time", "rating")
    path = _events(tmp_path, lambda n: [1704067200 + 90 * n, f"{n % 5},5"], names)
    read = read_events(path, columns=COLUMNS | {"value": "rating"}, minimum={"value": 3})
    assert read.source.beside["a value below 3"] == 18
