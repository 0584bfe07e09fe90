"""The review queue comes back as it was written, and what is none is refused."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.dataset.review_queue import REVIEW_QUEUE_SCHEMA, read_queue, write_queue
from pipeline.runtime.errors import MissingInput

ROWS = [
    {
        "id": "train/1.jpg",
        "split": "train",
        "given": "cat",
        "proposed": "dog",
        "label_quality": 0.25,
        "reasons": ["label", "annotators"],
        "why": "Models that have not seen it say dog.",
        "neighbours": ["train/2.jpg", "train/3.jpg"],
    },
    {
        "id": "train/2.jpg",
        "split": "val",
        "given": "cat",
        "proposed": "cat",
        "label_quality": None,
        "reasons": ["outlier"],
        "why": "Like nothing else.",
        "neighbours": [],
    },
]


def table_of(*changes: dict) -> pa.Table:
    rows = [row | change for row, change in zip(ROWS, [*changes, {}, {}], strict=False)]
    return pa.Table.from_pylist(rows, REVIEW_QUEUE_SCHEMA)


def refusal(table: pa.Table, here) -> str:
    pq.write_table(table, here / "review_queue.parquet")
    with pytest.raises(MissingInput) as caught:
        read_queue(here)
    path = here / "review_queue.parquet"
    return str(caught.value).replace(str(path), "QUEUE")


def test_what_is_written_is_read(here):
    write_queue(here, table_of())
    assert read_queue(here).to_pylist() == ROWS
    assert read_queue(here).schema == REVIEW_QUEUE_SCHEMA


def test_nothing_in_doubt_is_a_queue_too(here):
    write_queue(here, REVIEW_QUEUE_SCHEMA.empty_table())
    assert read_queue(here).num_rows == 0


def test_the_same_queue_is_the_same_bytes(here):
    for name in "ab":
        (here / name).mkdir()
        write_queue(here / name, table_of())
    first, second = ((here / name / "review_queue.parquet").read_bytes() for name in "ab")
    assert first == second


def test_without_a_queue_clean_must_run(here):
    with pytest.raises(MissingInput) as caught:
        read_queue(here)
    assert str(caught.value) == (
        f"ERROR {here}/review_queue.parquet does not exist | fix: dvc repro clean"
    )


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"id": "train/2.jpg"}, "has an id twice"),
        ({"label_quality": 1.5}, "has a label_quality that is not from 0 to 1"),
        ({"label_quality": float("nan")}, "has a label_quality that is not from 0 to 1"),
        (
            {"reasons": ["label", "mood"]},
            "has the reason 'mood', expected one of label, annotators, near duplicate, leak, "
            "outlier",
        ),
        ({"neighbours": ["train/2.jpg"] * 9}, "has more than 8 neighbours of an example"),
    ],
)
def test_what_cannot_be_is_refused(here, change, fault):
    said = refusal(table_of(change), here)
    assert said == f"ERROR QUEUE {fault} | fix: rm QUEUE, then dvc repro clean"
    with pytest.raises(AssertionError, match="the review queue has"):
        write_queue(here, table_of(change))


def test_other_columns_are_refused(here):
    said = refusal(table_of().select(["id", "why"]), here)
    assert said == (
        "ERROR QUEUE must have the columns id string, split string, given string, proposed "
        "string, label_quality float, reasons list<item: string>, why string, neighbours "
        "list<item: string>; found id string, why string | fix: rm QUEUE, then dvc repro clean"
    )


def test_damage_is_noticed(here):
    write_queue(here, table_of())
    path = here / "review_queue.parquet"
    path.write_bytes(path.read_bytes().replace(b"train/3.jpg", b"train/4.jpg"))
    with pytest.raises(MissingInput, match="is damaged"):
        read_queue(here)
