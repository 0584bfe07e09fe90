"""Splits in time, by group and by the last of each user; what they leave out is counted."""

import json
from collections import Counter
from datetime import date, datetime

import pytest

from pipeline.dataset.splits.rule import SplitRule
from pipeline.ingest.account import figures, of_splits
from pipeline.ingest.refusals import refuse_data
from pipeline.ingest.rows import job_maker, make_rows
from pipeline.ingest.survey import Survey
from pipeline.runtime.errors import GroundworkError, SettingsError, SourceError
from pipeline.runtime.settings import Settings
from tests.support.entries import KIND, LABELS, Columns, Entry, open_source
from tests.support.manifests import write_csv


class Limits(Settings):
    max_megapixels: float = 1.0


class Table:
    """A manifest with a picture for each of its rows."""

    def __init__(self, folder, png) -> None:
        self.folder, self.png = folder, png

    def write(self, rows) -> None:
        self.folder.mkdir(exist_ok=True)
        for number, row in enumerate(rows):
            (self.folder / row["file"]).write_bytes(self.png(number))
        write_csv(self.folder / "labels.csv", rows)

    def entry(self, split=None, *, slices=(), **columns) -> Entry:
        rule = SplitRule(**split) if split is not None else SplitRule()
        return Entry(
            uri=str(self.folder),
            license="CC0-1.0",
            columns=Columns(**columns),
            split=rule,
            slices=list(slices),
        )

    def ingest(self, split=None, **columns):
        """The rows and their survey."""
        entry = self.entry(split, **columns)
        source = open_source(entry)
        jobs = job_maker("pets", entry, source, KIND, seed=0, limits=Limits(), purpose="training")
        survey = Survey(KIND)
        tables = []
        for batch in source.batches:
            made = make_rows(jobs(batch))
            survey.add(made)
            tables.append(made.table)
        (table,) = tables
        return table, survey, entry

    def splits(self, split=None, **columns) -> dict[str, str]:
        table, *_ = self.ingest(split, **columns)
        return dict(zip(table["id"].to_pylist(), table["split"].to_pylist(), strict=True))


@pytest.fixture
def pets(here, png) -> Table:
    return Table(here / "pets", png)


def days(num: int, **more) -> list[dict]:
    """A picture a day from 1 January 2013 on."""
    return [
        {"file": f"{n:02d}.png", "label": "cat" if n % 2 else "dog", "day": f"2013-01-{n + 1:02d}"}
        | {name: values[n] for name, values in more.items()}
        for n in range(num)
    ]


BY_TIME = {"by": "time", "val": "2013-01-11", "test": "2013-01-16"}


def named(first: int, last: int) -> list[str]:
    return [f"{n:02d}.png" for n in range(first, last)]


def test_time_decides_and_nothing_else(pets):
    pets.write(days(20))
    found = pets.splits(BY_TIME, time="day")
    expected = dict.fromkeys(named(0, 10), "train") | dict.fromkeys(named(10, 15), "val")
    assert found == expected | dict.fromkeys(named(15, 20), "test")


def test_more_examples_move_none(pets):
    pets.write(days(20))
    before = pets.splits(BY_TIME, time="day")
    pets.write(days(28))
    after = pets.splits(BY_TIME, time="day")
    assert {id: after[id] for id in before} == before


@pytest.mark.parametrize(
    ("gaps", "left_out"),
    [
        ({"horizon": "1d"}, {"horizon reaches into val": 1, "horizon reaches into test": 1}),
        ({"horizon": 1}, {"horizon reaches into val": 1, "horizon reaches into test": 1}),
        ({"horizon": "12h"}, {}),
        ({"horizon": "48h"}, {"horizon reaches into val": 2, "horizon reaches into test": 2}),
        (
            {"horizon": "1d", "embargo": "2d"},
            {
                "horizon reaches into val": 1,
                "horizon reaches into test": 1,
                "within the embargo before val": 2,
                "within the embargo before test": 2,
            },
        ),
        (
            {"embargo": 3},
            {"within the embargo before val": 3, "within the embargo before test": 3},
        ),
    ],
)
def test_what_reaches_into_the_next_part_is_left_out_and_counted(pets, gaps, left_out):
    pets.write(days(20))
    table, survey, _ = pets.ingest(BY_TIME | gaps, time="day")
    assert survey.left_out == {f"split: {why}": number for why, number in left_out.items()}
    assert table.num_rows == 20 - sum(left_out.values())
    assert survey.seen == 20
    assert figures(survey, {}).get("out_of_split", 0) == sum(left_out.values())
    assert figures(survey, {})["other_purpose"] == 0


def test_a_step_is_to_the_next_time_that_there_is(pets):
    """Markets are closed at weekends: a step before Monday is Friday."""
    rows = [row for row in days(20) if date.fromisoformat(row["day"]).weekday() < 5]
    pets.write(rows)
    rule = {"by": "time", "val": "2013-01-07", "test": "2013-01-14"}  # Mondays
    table, survey, _ = pets.ingest(rule | {"horizon": 1}, time="day")
    gone = {row["day"] for row in rows} - {str(t.date()) for t in table["time"].to_pylist()}
    assert gone == {"2013-01-04", "2013-01-11"}
    _, survey, _ = pets.ingest(rule | {"horizon": "1d"}, time="day")
    assert not survey.left_out


def test_whole_numbers_are_times_too(pets):
    rows = [row | {"year": 2000 + n} for n, row in enumerate(days(20))]
    pets.write(rows)
    table, survey, _ = pets.ingest(
        {"by": "time", "val": 2010, "test": 2015, "horizon": 2}, time="year"
    )
    assert str(table.schema.field("time").type) == "int64"
    assert Counter(table["split"].to_pylist()) == {"train": 8, "val": 3, "test": 5}
    assert survey.left_out.total() == 4


def test_moments_with_a_zone_are_kept_in_utc(pets):
    rows = days(4)
    rows[0]["day"] = "2013-01-01T00:30:00+02:00"
    rows[1]["day"] = "2013-01-02 12:00:00Z"
    pets.write(rows)
    rule = {"by": "time", "val": "2013-01-01", "test": "2013-01-03"}
    _, survey, entry = pets.ingest(rule | {"val": "2012-12-01"}, time="day")
    with pytest.raises(SourceError) as caught:
        refuse_data("pets", entry, survey, LABELS)
    assert "leaves no example for train: 0 train, 2 val, 2 test" in str(caught.value)
    table, *_ = pets.ingest(rule, time="day")
    assert table["time"].to_pylist()[:2] == [
        datetime(2012, 12, 31, 22, 30), datetime(2013, 1, 2, 12),
    ]  # fmt: skip
    assert table["split"].to_pylist() == ["train", "val", "test", "test"]


def test_a_time_that_cannot_be_read_is_left_out(pets):
    rows = days(20)
    rows[3]["day"], rows[4]["day"] = "soon", None
    pets.write(rows)
    table, survey, _ = pets.ingest(BY_TIME, time="day")
    assert (table.num_rows, survey.left_out) == (18, {"split: no time that can be read": 2})


def test_groups_in_two_parts_are_counted_and_named(pets):
    people = ["ada" if n in (2, 17) else "bo" if n < 5 else None for n in range(20)]
    pets.write(days(20, who=people))
    _, survey, entry = pets.ingest(BY_TIME, time="day", group="who")
    assert list(of_splits(entry, survey)) == [
        "1 of 2 groups are in several splits, since time decides: ada",
        "14 examples have no group: each is a group of its own",
    ]
    assert list(of_splits(entry, survey, parts_groups=True)) == [
        "14 examples have no group: each is a group of its own"
    ]
    found = figures(survey, {})
    assert (found["groups"], found["groups_in_several_splits"], found["without_group"]) == (
        2,
        1,
        14,
    )


def test_by_group_ignores_time_and_says_so(pets):
    pets.write(days(20, who=[f"person {n // 4}" for n in range(20)]))
    table, survey, entry = pets.ingest({"by": "group"}, time="day", group="who")
    of_group = {}
    for group, split in zip(*(table[n].to_pylist() for n in ("group", "split")), strict=True):
        assert of_group.setdefault(group, split) == split
    assert list(of_splits(entry, survey)) == ["split by group: the time in day plays no part"]


def test_by_group_needs_groups(pets):
    pets.write(days(20))
    _, survey, entry = pets.ingest({"by": "group"})
    with pytest.raises(SourceError, match="by: group, but no example has a group"):
        refuse_data("pets", entry, survey, LABELS)


def test_timed_examples_are_not_drawn_at_random_unless_said_aloud(pets):
    pets.write(days(20))
    with pytest.raises(SettingsError) as caught:
        pets.ingest(time="day")
    assert str(caught.value) == (
        "ERROR data/catalog/pets.yaml: examples have a time (day), and val and test would be drawn "
        "from them at random, so that a model is tested on the past | fix: say split: {by: time}, "
        "then groundwork add pets, which finds the dates; or, where time plays no part, split: "
        "{by: random}"
    )
    by_random = pets.splits({"by": "random"}, time="day")
    assert by_random == pets.splits()  # without the column: the same draw


def test_splits_of_the_source_win_over_the_rule(pets):
    parts = ["test" if n < 3 else "train" for n in range(20)]
    pets.write(days(20, split=parts))
    found = pets.splits(BY_TIME, time="day")
    assert found == (
        dict.fromkeys(named(0, 3), "test")
        | dict.fromkeys(named(3, 10), "train")
        | dict.fromkeys(named(10, 20), "val")
    )


def test_what_became_known_in_the_next_part_is_left_out(pets):
    known = [f"2013-01-{n + 1 + (n == 4) * 8:02d}" for n in range(20)]
    known[5] = "2013-01-30"
    pets.write(days(20, published=known))
    table, survey, entry = pets.ingest(BY_TIME, time="day", known_at="published")
    assert survey.left_out == {"split: known only when val has begun": 2}
    assert list(of_splits(entry, survey)) == [
        "what 2 examples say became known (published) only after their time (day): a model that "
        "learns from them looks ahead"
    ]
    assert "05.png" not in table["id"].to_pylist()


def test_the_last_of_each_user(pets):
    users = ["ada", "bo"] * 10
    pets.write(days(20, who=users))
    found = pets.splits({"by": "last", "test": 2}, time="day", user="who")
    assert found == (
        dict.fromkeys(named(0, 14), "train")
        | dict.fromkeys(named(14, 16), "val")
        | dict.fromkeys(named(16, 20), "test")
    )


def test_the_last_of_a_user_are_the_same_in_any_order(pets):
    rows = days(20, who=["ada", "bo"] * 10)
    for row in rows[10:]:
        row["day"] = "2013-02-01"  # ties
    pets.write(rows)
    rule = {"by": "last"}
    before = pets.splits(rule, time="day", user="who")
    write_csv(pets.folder / "labels.csv", rows[::-1])
    assert pets.splits(rule, time="day", user="who") == before
    assert Counter(before.values()) == {"train": 16, "val": 2, "test": 2}


def test_slices_are_kept(pets):
    pets.write(days(4, sex=["f", "m", None, "f"]))
    table, *_ = pets.ingest(slices=["sex"])
    assert table["slice_sex"].to_pylist() == ["f", "m", None, "f"]


@pytest.mark.parametrize(
    ("split", "columns", "message"),
    [
        (BY_TIME, {}, "split is by: time, but columns: names no time"),
        ({"by": "last"}, {"time": "day"}, "split is by: last, but columns: names no user and time"),
        (
            {"by": "time", "val": 1, "test": 2},
            {"time": "day"},
            "split has whole numbers for val and test, but the times of the source are dates",
        ),
        (
            {"by": "time"},
            {"time": "day"},
            "split is by: time and by shares; parts in time begin at dates, so that no example "
            "moves when others come | fix: groundwork add pets",
        ),
        ({}, {"time": "label"}, "has no date of ISO 8601 and no whole number, found 'dog'"),
        ({}, {"time": "when"}, "has no column when; it has file, label, day"),
    ],
)
def test_rules_that_do_not_fit(pets, split, columns, message):
    pets.write(days(20))
    with pytest.raises(GroundworkError) as caught:
        pets.ingest(split, **columns)
    assert message in str(caught.value)


def test_the_index_of_manifests_in_json_lines_keeps_dates(pets):
    pets.write(days(20))
    (pets.folder / "labels.csv").unlink()
    lines = "".join(json.dumps(row) + "\n" for row in days(20))
    (pets.folder / "labels.jsonl").write_text(lines)
    assert Counter(pets.splits(BY_TIME, time="day").values()) == {"train": 10, "val": 5, "test": 5}
