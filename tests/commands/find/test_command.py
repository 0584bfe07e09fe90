"""Conditions and queries give what pyarrow finds in the same files."""

import csv
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.commands.find.arguments import parser
from pipeline.commands.find.printing import cell, csv_cell
from tests.commands.find.conftest import NUM, NUM_REMOVED


def clean() -> pa.Table:
    return pq.read_table("data/clean/part-00000.parquet")


def test_a_condition(say):
    found = say("label = 'class 3' and sharpness < 0.05", "--sort", "sharpness desc", "--ids")
    table = clean()
    mine = (np.asarray(table["label"]) == "class 3") & (np.asarray(table["sharpness"]) < 0.05)
    rows = np.flatnonzero(mine)
    order = rows[np.argsort(-np.asarray(table["sharpness"])[rows])]
    expected = table["id"].take(pa.array(order)).to_pylist()
    listed = found.out.splitlines()
    assert [id for id in listed if id in set(expected)] == expected
    removed = pq.read_table("data/findings/removed.parquet", columns=["id"])["id"].to_pylist()
    assert set(listed) - set(expected) <= set(removed)
    assert len(expected) > 3


def test_the_table_of_a_terminal(say):
    found = say("id in ('shots/0000003.jpg', 'shots/0000020.jpg')").out.splitlines()
    assert found[0] == f"2 of {NUM:,} examples"
    assert found[1].split()[:4] == ["id", "split", "label", "reason"]
    assert found[2].split()[0] == "shots/0000003.jpg"
    assert "duplicate" in found[2]
    assert found[3].split()[0] == "shots/0000020.jpg"
    assert say("label = 'nothing'").out == f"0 of {NUM:,} examples\n"
    many = say("brightness >= 0").out.splitlines()
    assert many[0] == f"{NUM:,} of {NUM:,} examples, the first 20"
    assert len(many) == 22
    assert "brightness" in many[1]


def test_removed_examples_are_there_too(say):
    found = say("reason = 'duplicate'", "--ids").out.splitlines()
    assert found == [f"shots/{n:07d}.jpg" for n in range(NUM_REMOVED)]
    assert len(say("--ids").out.splitlines()) == NUM


def test_predictions_are_joined(say):
    found = say("predicted != label and confidence > 0.15", "--ids").out.splitlines()
    table = pq.read_table("data/evaluation/predictions.parquet").to_pylist()
    expected = [
        row["id"]
        for row in table
        if row["predicted"] != row["label"] and max(row["probabilities"]) > 0.15
    ]
    assert found == sorted(expected)
    assert expected


def test_what_annotators_say(say):
    sql = (
        "select id, consensus, num_annotations, agreement from examples where consensus is not null"
    )
    assert list(csv.reader(say("--csv", "--sql", f"{sql} order by id").out.splitlines())) == [
        ["id", "consensus", "num_annotations", "agreement"],
        ["shots/0000020.jpg", "dog", "3", "0.6666666666666666"],
        ["shots/0000021.jpg", "cat", "2", "0.5"],
    ]
    ids = say("id in (select id from annotations where annotator = 'eve')", "--ids").out
    assert ids == "shots/0000020.jpg\n"


def test_a_whole_query(say):
    out = say("--sql", "select split, count(*) as n from examples group by 1 order by 1").out
    raw = np.asarray(pq.read_table("data/raw/part-00000.parquet", columns=["split"])["split"])
    counts = {split: int((raw == split).sum()) for split in ("test", "train", "val")}
    assert [line.split() for line in out.splitlines()] == [
        ["split", "n"],
        *([split, str(count)] for split, count in counts.items()),
    ]


def test_all_columns_and_no_bytes(say):
    listed = say("--columns").out.split()
    raw = pq.read_schema("data/raw/part-00000.parquet").names
    assert set(raw) - {"image"} <= set(listed)
    assert {"label_given", "weight", "reason", "predicted", "consensus"} <= set(listed)
    assert "image" not in listed
    head, first, *_ = csv.reader(say("--csv", "--limit", "1").out.splitlines())
    assert head == listed
    assert first[0] == "shots/0000000.jpg"


def test_before_clean_has_run_or_run_again(say, made):
    """data/raw alone is asked where data/clean is not there, or is of another data/raw."""
    index = Path("data/findings/index.json")
    hidden = index.rename("data/findings/hidden")
    try:
        assert len(say("--ids").out.splitlines()) == NUM
        assert "reason" not in say("--columns").out.split()
    finally:
        hidden.rename(index)


def test_cells():
    assert [cell(v) for v in (None, True, False, 0.123456789, 3, "a\nb", "x" * 60)] == [
        "",
        "yes",
        "no",
        "0.12346",
        "3",
        "a\\nb",
        "x" * 45 + "...",
    ]
    assert cell([0.5] * 6) == "[0.5, 0.5, 0.5, 0.5, ...]"
    assert [csv_cell(v) for v in ("=1+1", "-4", "@x", [1], None, 2.5)] == [
        "'=1+1",
        "-4",
        "'@x",
        "[1]",
        None,
        2.5,
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["labl = 'cat'"], 'ERROR the query failed: Referenced column "labl" not found'),
        (["label ="], "ERROR this is no SQL: syntax error"),
        (["--sql", "select 1", "--sort", "id"], "ERROR --sql is a whole query: no condition"),
        (["--sql", "select 1 as x", "--ids"], "ERROR the query has no column id | fix: select it"),
        (["--sql", ""], None),
    ],
)
def test_what_is_wrong_is_said_in_a_line(say, arguments, message):
    found = say(*arguments)
    if message is None:  # as if it were not there
        assert found.status == 0
        return
    assert found.status == 1
    assert found.err.startswith(message)
    assert found.err.count("\n") == 1


def test_data_that_are_not_there(here, capsys):
    from pipeline.commands.find import __main__ as find
    from tests.support.asking import ask

    found = ask(find, parser, capsys, "label = 'x'")
    assert found.err.startswith("ERROR data/raw/index.json is missing or broken | fix: ")


def test_a_damaged_file(say, made):
    path = made / "data/clean/part-00000.parquet"
    content = path.read_bytes()
    try:
        path.write_bytes(content[: len(content) // 2])
        found = say("label = 'class 3'")
    finally:
        path.write_bytes(content)
    assert found.status == 1
    assert found.err.startswith("ERROR data/clean/part-00000.parquet cannot be read: ")


@pytest.mark.parametrize("limit", ["0", "-1", "x"])
def test_limits(limit):
    with pytest.raises(SystemExit):
        parser().parse_args(["--limit", limit])
