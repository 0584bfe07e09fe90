"""Rows of one example: repeats go, contradictions are named by line, annotators vote."""

import pytest

from tests.support.entries import Columns
from tests.support.manifests import WRITERS, pets, problems, refusal, rows, source, web, write_csv

__all__ = ["pets", "web"]  # fixtures


def test_several_annotators(pets):
    said = {
        "images/1.jpg": ["cat", "dog", "cat"],
        "images/2.jpg": ["dog", "cat", None],  # equal: the first in the file
        "images/4.jpg": [None, None, None],
    }
    table = [
        {"path": path, "label": label, "annotator": f"a{number}"}
        for number in range(3)
        for path, labels in said.items()
        for label in [labels[number]]
    ]
    write_csv(pets / "labels.csv", table)
    found = source(pets)
    assert found.num_examples == 3
    assert found.annotations.to_pylist() == [
        {"id": row["path"], "annotator": row["annotator"], "label": row["label"]}
        for row in table
        if row["label"] is not None
    ]
    labels = {row["id"]: row["label"] for row in rows(pets)}
    assert labels == {"images/1.jpg": "cat", "images/2.jpg": "dog", "images/4.jpg": None}


def test_what_annotators_may_not_differ_in(pets):
    table = [
        {"path": "images/1.jpg", "label": label, "worker": worker, "split": "train"}
        for label, worker in [("cat", "ada"), ("dog", "bo"), ("dog", "bo")]
    ]
    write_csv(pets / "labels.csv", table)
    assert [row["label"] for row in rows(pets)] == ["cat"]  # saying it twice is one vote
    assert source(pets).annotations.num_rows == 2
    fix = "fix: let the rows of an example differ in annotator and label alone"
    write_csv(pets / "labels.csv", [*table, table[0] | {"label": "dog"}])
    assert refusal(pets) == (
        f"ERROR {pets} says two things of images/1.jpg: line 2 and line 5 differ in label "
        f"(cat, dog) | {fix}"
    )
    write_csv(pets / "labels.csv", [*table, table[0] | {"worker": "cy", "split": "test"}])
    assert refusal(pets) == (
        f"ERROR {pets} says two things of images/1.jpg: line 2 and line 5 differ in split "
        f"(train, test) | {fix}"
    )


@pytest.mark.parametrize("name", WRITERS)
def test_a_row_that_repeats_and_one_that_contradicts(pets, name):
    table = [{"path": "images/1.jpg", "label": "cat"}] * 2
    WRITERS[name](pets / name, table)
    assert [row["id"] for row in rows(pets)] == ["images/1.jpg"]
    others = [{"path": "images/2.jpg", "label": label} for label in ("cat", "dog")]
    WRITERS[name](pets / name, [*table, {"path": "images/1.jpg", "label": "dog"}, *others])
    lines = "row 0 and row 2" if name.endswith(".parquet") else "line 2 and line 4"
    lines = "line 1 and line 3" if name.endswith(".jsonl") else lines
    assert refusal(pets) == (
        f"ERROR {pets} says two things of images/1.jpg: {lines} differ in label (cat, dog); so do "
        "rows of 1 more "
        "| fix: keep one row for each example, or name the annotator of each in a column"
    )


def test_lines_are_those_of_an_editor(pets):
    (pets / "labels.csv").write_text(
        'path,label\nimages/1.jpg,"a\nb"\n\nimages/2.jpg,a\nimages/2.jpg,"b\nc"\n'
    )
    assert "line 5 and line 6 differ in label (a, b\\nc)" in refusal(pets)


def test_rows_that_name_no_file_are_no_repeats(pets):
    named = [("images/1.jpg", "cat"), ("", "cat"), ("", "dog")]
    write_csv(pets / "labels.csv", [{"path": path, "label": label} for path, label in named])
    assert problems(pets) == {
        "images/1.jpg": None,
        "labels.csv:1": "no file named",
        "labels.csv:2": "no file named",
    }


def test_urls_that_differ_in_their_query_alone(pets, web):
    table = [{"url": web.url(f"/photo?id={n}"), "label": "cat", "key": n} for n in (1, 2)]
    write_csv(pets / "labels.csv", table)
    assert refusal(pets) == (
        f"ERROR {pets} says two things of {web.url('/photo')}: line 2 and line 3 differ in content "
        "| fix: give each example an id of its own, in a column id"
    )
    assert source(pets, columns=Columns(id="key")).num_examples == 2
