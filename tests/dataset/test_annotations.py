"""Several people's labels in data/raw: the source's beside them, missing ones filled in."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.dataset.annotations import Annotations, read_annotations, with_given_labels
from pipeline.dataset.table import file_sha256, words, write_part
from pipeline.ingest.annotations import add_annotations
from pipeline.runtime.errors import SourceError
from pipeline.targets.opening import open_labels
from tests.support.image_schema import RAW_SCHEMA

CLASSES = ["cat", "dog", "bird"]
INDEX = {"classes": CLASSES}
LABELS = {"a": "cat", "b": None, "c": "dog", "ä": None, "e": None}
RAW = Path("data/raw")
READING = open_labels("classes")


@pytest.fixture
def parts(here) -> list[dict]:
    """Two parts of data/raw; returns what the index says of them."""
    RAW.mkdir(parents=True)
    return write_parts(LABELS)


def write_parts(labels: dict[str, str | None]) -> list[dict]:
    rows = list(labels.items())
    return [write(number, dict(rows[at : at + 3])) for number, at in enumerate((0, 3))]


def write(number: int, labels: dict[str, str | None]) -> dict:
    columns = {"id": list(labels), "label": words(list(labels.values()), CLASSES)}
    nothing = {field.name: pa.nulls(len(labels), field.type) for field in RAW_SCHEMA}
    return write_part(RAW, number, pa.table(nothing | columns, schema=RAW_SCHEMA))


def said(*rows: tuple[str, str, str]) -> pa.Table:
    return pa.Table.from_pylist(
        [dict(zip(("id", "annotator", "label"), row, strict=True)) for row in rows]
    )


SAID = said(
    ("c", "ada", "bird"),
    ("b", "ada", "dog"),
    ("x", "ada", "cat"),
    ("b", "bo", "bird"),
    ("ä", "bo", "cat"),
    ("x", "bo", "cat"),
    ("b", "cy", "bird"),
    ("ä", "cy", "dog"),
)


def stored() -> list[tuple[str, str, str]]:
    return [tuple(row.values()) for row in pq.read_table(RAW / "annotations.parquet").to_pylist()]


def labels_of(files: list[dict]) -> dict[str, str | None]:
    found = {}
    for file in files:
        assert file["sha256"] == file_sha256(RAW / file["name"])
        table = pq.read_table(RAW / file["name"])
        assert table.schema.equals(RAW_SCHEMA)
        found |= dict(zip(table["id"].to_pylist(), table["label"].to_pylist(), strict=True))
    return found


def test_the_source_is_one_more_annotator_and_what_it_leaves_open_is_voted_on(parts):
    added = add_annotations(RAW, parts, SAID, READING, INDEX, has_own_labels=True)
    known = [row for row in map(tuple, (r.values() for r in SAID.to_pylist())) if row[0] != "x"]
    assert stored() == [("a", "source", "cat"), ("c", "source", "dog"), *known]
    # Of equals the first in the file; what nobody said stays open.
    assert labels_of(added.files) == LABELS | {"b": "bird", "ä": "cat"}
    assert (added.labels, added.annotators, added.filled) == (8, 4, 2)
    assert (added.unknown_labels, added.unknown_ids) == (2, 1)


def test_filled_parts_have_the_bytes_of_parts_with_these_labels(parts):
    added = add_annotations(RAW, parts, SAID, READING, INDEX, has_own_labels=True)
    assert added.files == write_parts(LABELS | {"b": "bird", "ä": "cat"}) != parts


def test_where_the_given_label_is_the_majority_already_nothing_is_added(parts):
    before = [file_sha256(RAW / file["name"]) for file in parts]
    added = add_annotations(RAW, parts, SAID, READING, INDEX, has_own_labels=False)
    assert stored()[0] == ("c", "ada", "bird")
    assert (added.labels, added.annotators, added.filled) == (6, 3, 0)
    assert added.files == parts
    assert [file_sha256(RAW / file["name"]) for file in parts] == before


def test_same_labels_same_bytes(parts):
    digests = set()
    for _ in range(2):
        parts = add_annotations(RAW, parts, SAID, READING, INDEX, has_own_labels=False).files
        digests.add(file_sha256(RAW / "annotations.parquet"))
    assert len(digests) == 1


def test_ids_in_another_normal_form_are_found(parts):
    parts[1] = write(1, {"a\u0308": None})
    add_annotations(RAW, parts, said(("ä", "ada", "cat")), READING, INDEX, has_own_labels=False)
    assert stored() == [("a\u0308", "ada", "cat")]


def test_labels_of_other_data_are_refused(parts):
    rows = said(("a.jpg", "ada", "cat"))
    with pytest.raises(SourceError) as caught:
        add_annotations(RAW, parts, rows, READING, INDEX, has_own_labels=True)
    assert str(caught.value) == (
        "ERROR annotations are of none of the examples: they have ids such as a.jpg, data/raw "
        "such as a | fix: write the ids of data/raw into the annotations"
    )


def codes(labels: pa.ChunkedArray) -> tuple[np.ndarray, np.ndarray]:
    found = np.array([CLASSES.index(label) for label in labels.to_pylist()])
    return found, found >= 0


def test_reading_what_was_said_of_some_examples(parts):
    assert read_annotations(RAW, ["a"], codes) is None
    add_annotations(RAW, parts, SAID, READING, INDEX, has_own_labels=True)
    found = read_annotations(RAW, ["ä", "e", "c"], codes)
    assert found.names == ("source", "ada", "bo", "cy")
    said_of = zip(found.rows, found.annotators, found.labels, strict=True)
    assert list(said_of) == [(2, 0, 1), (2, 1, 2), (0, 2, 0), (0, 3, 1)]


def test_labels_that_are_not_known_are_left_out(parts):
    add_annotations(RAW, parts, SAID, READING, INDEX, has_own_labels=True)
    ids, no_birds = list(LABELS), [name for name in CLASSES if name != "bird"]

    def some(labels: pa.ChunkedArray) -> tuple[np.ndarray, np.ndarray]:
        known = np.array([label in no_birds for label in labels.to_pylist()])
        return np.where(known, codes(labels)[0], -1), known

    every, found = read_annotations(RAW, ids, codes), read_annotations(RAW, ids, some)
    there = every.labels != CLASSES.index("bird")
    assert 0 < there.sum() < len(there)
    for name in ("rows", "annotators", "labels"):
        assert np.array_equal(getattr(found, name), getattr(every, name)[there]), name


def test_the_given_label_stands_in_where_nobody_was_asked():
    given = np.array([2, 1, 0])
    said = Annotations(*np.array([[0, 0, 1], [2, 1, 1]]).T, ("ada", "bo"))
    found = with_given_labels(said, given)
    assert found.names == ("ada", "bo", "source")
    rows = zip(found.rows, found.annotators, found.labels, strict=True)
    assert list(rows) == [(0, 0, 1), (2, 1, 1), (1, 2, 1)]
    alone = with_given_labels(None, given)
    assert (alone.labels == given).all()
    assert alone.names == ("source",)
    assert with_given_labels(alone, given) is alone


def test_what_was_said_of_some_examples_is_numbered_by_their_order():
    said = Annotations(
        np.array([0, 1, 1, 3, 4]), np.array([0, 0, 1, 1, 0]), np.array([2, 0, 1, 1, 2]), ("a", "b")
    )
    some = said.of(np.array([4, 1, 2]))
    assert some.rows.tolist() == [1, 1, 0]
    assert some.annotators.tolist() == [0, 1, 0]
    assert some.labels.tolist() == [0, 1, 2]
    assert some.names == ("a", "b")
    assert len(said.of(np.array([], np.int64)).rows) == 0
