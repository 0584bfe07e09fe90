"""The review queue comes back as it was written, and what is none is refused."""

from pathlib import Path

import pyarrow as pa
import pytest

from pipeline.dataset.review.queue import JUDGES, QUEUE, REASONS, REVIEW_QUEUE_SCHEMA, read_queue
from pipeline.dataset.tables import write_tables
from pipeline.runtime.errors import MissingInput

FOLDER = Path("findings")
ROWS = [
    {
        "id": "train/1.jpg",
        "split": "train",
        "given": "cat",
        "proposed": "dog",
        "judges": "models",
        "confidence": 0.5,
        "label_quality": 0.25,
        "reasons": ["label", "annotators"],
        "votes": [{"label": "dog", "count": 2}, {"label": "cat", "count": 1}],
        "like": None,
        "like_split": None,
        "like_label": None,
        "neighbours": ["train/2.jpg", "train/3.jpg"],
    },
    {
        "id": "train/2.jpg",
        "split": "val",
        "given": "cat",
        "proposed": "cat",
        "judges": "people",
        "confidence": None,
        "label_quality": None,
        "reasons": ["outlier", "leak"],
        "votes": [],
        "like": "train/3.jpg",
        "like_split": "test",
        "like_label": "dog",
        "neighbours": [],
    },
]


def table_of(*changes: dict) -> pa.Table:
    rows = [row | change for row, change in zip(ROWS, [*changes, {}, {}], strict=False)]
    return pa.Table.from_pylist(rows, REVIEW_QUEUE_SCHEMA)


def write(table: pa.Table) -> None:
    write_tables(FOLDER, {QUEUE: table})


def refusal(table: pa.Table) -> str:
    write(table)
    with pytest.raises(MissingInput) as caught:
        read_queue(FOLDER)
    return str(caught.value)


def test_what_is_written_is_read(here):
    write(table_of())
    assert read_queue(FOLDER).to_pylist() == ROWS
    assert read_queue(FOLDER).schema == REVIEW_QUEUE_SCHEMA


def test_nothing_in_doubt_is_a_queue_too(here):
    write(REVIEW_QUEUE_SCHEMA.empty_table())
    assert read_queue(FOLDER).num_rows == 0


def test_all_reasons_and_judges_are_allowed(here):
    for judges in JUDGES:
        write(table_of({"judges": judges, "reasons": list(REASONS)}))
        assert read_queue(FOLDER)["judges"][0].as_py() == judges


def test_without_a_queue_clean_must_run(here):
    with pytest.raises(MissingInput) as caught:
        read_queue(FOLDER)
    assert str(caught.value) == (
        "ERROR findings/index.json is missing or broken | fix: run dvc repro again"
    )


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"id": "train/2.jpg"}, "has an id twice"),
        ({"label_quality": 1.5}, "has a label_quality that is not from 0 to 1"),
        ({"label_quality": float("nan")}, "has a label_quality that is not from 0 to 1"),
        ({"judges": "experts"}, "has the judges 'experts', expected one of models, people"),
        (
            {"reasons": ["label", "mood"]},
            "has the reason 'mood', expected one of label, annotators, near duplicate, leak, "
            "outlier",
        ),
        ({"neighbours": ["train/2.jpg"] * 9}, "has more than 8 neighbours of an example"),
    ],
)
def test_what_cannot_be_is_refused(here, change, fault):
    assert refusal(table_of(change)) == (
        f"ERROR findings/review_queue.parquet is damaged: it {fault} | fix: groundwork "
        "repair --cache && dvc repro"
    )


def test_other_columns_are_refused(here):
    assert refusal(table_of().select(["id", "like"])) == (
        "ERROR findings/review_queue.parquet is damaged: it must have the columns id string, split "
        "string, given string, proposed string, judges string, confidence float, label_quality "
        "float, reasons list<item: string>, votes list<item: struct<label: string, count: int32>>, "
        "like string, like_split string, like_label string, neighbours list<item: string>; found "
        "id string, like string | fix: groundwork repair --cache && dvc repro"
    )


def test_damage_is_noticed(here):
    write(table_of())
    path = FOLDER / "review_queue.parquet"
    path.write_bytes(path.read_bytes().replace(b"train/3.jpg", b"train/4.jpg"))
    with pytest.raises(MissingInput, match="is damaged: other bytes than were written"):
        read_queue(FOLDER)
