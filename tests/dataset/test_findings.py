"""What clean found is written as the tables that others rely on, all of them, in few words."""

from pathlib import Path

import pyarrow as pa
import pytest

from pipeline.dataset.findings import (
    REASONS,
    SCHEMAS,
    removed_schema,
    table_of,
    write_findings,
)
from pipeline.dataset.review_queue import QUEUE, REVIEW_QUEUE_SCHEMA, read_queue
from pipeline.dataset.table import read_index, words
from pipeline.dataset.tables import read_table
from pipeline.modalities.images.prepare.schema import RAW_SCHEMA
from tests.support.findings import write_found

FOLDER = Path("findings")


def test_the_tables_of_the_contract():
    more = ["reason", "detail", "of", "similarity"]
    assert removed_schema(RAW_SCHEMA).names == [*RAW_SCHEMA.names, *more]
    assert {name: schema.names for name, schema in SCHEMAS.items()} == {
        "review_queue": REVIEW_QUEUE_SCHEMA.names,
        "duplicates": ["id", "split", "kind", "of", "of_split", "similarity", "removed"],
        "suspected": ["id", "split", "given", "proposed", "label_quality"],
        "outliers": ["id", "split", "label", "outlier", "unusual", "distance"],
        "noise": ["true", "given", "share"],
        "annotators": [
            *["annotator", "labels", "agreement", "accuracy", "kappa"],
            *["worst_class", "worst_class_recall"],
        ],
        "agreement": ["class", "alpha"],
        "relabel_queue": [
            *["id", "split", "given", "consensus", "confidence", "num_labels", "gain"]
        ],
    }
    assert REASONS == ("unusable", "duplicate", "leak", "dropped", "label", "outlier")


def test_rows_become_columns_of_the_types_of_the_schema():
    table = table_of("agreement", [("cat", 0.5), ("dog", None)])
    assert table.schema == SCHEMAS["agreement"]
    assert table.to_pylist() == [{"class": "cat", "alpha": 0.5}, {"class": "dog", "alpha": None}]
    assert table_of("noise", []) == SCHEMAS["noise"].empty_table()


@pytest.mark.parametrize("row", [("cat",), ("cat", 0.5, 1)])
def test_a_row_of_another_length_is_a_bug(row):
    with pytest.raises(ValueError, match="zip"):
        table_of("agreement", [row])


def test_what_is_written_is_read(here):
    empty = dict.fromkeys(removed_schema(RAW_SCHEMA).names)
    row = empty | {"id": "b", "reason": "leak", "of": "a", "similarity": 0.75}
    found = {
        "removed": pa.Table.from_pylist([row], removed_schema(RAW_SCHEMA)),
        "suspected": table_of("suspected", [("c", "train", "cat", "dog", 0.25)]),
    }
    write_found(FOLDER, found, dataset="pets", classes=["cat", "dog"], labels={"leaks": 1})
    assert {name: read_table(FOLDER, name).num_rows for name in SCHEMAS} == {
        name: int(name in found) for name in SCHEMAS
    }
    assert read_table(FOLDER, "removed").to_pylist() == [row]
    assert read_table(FOLDER, "removed", ["reason", "of"]).to_pylist() == [
        {"reason": "leak", "of": "a"}
    ]
    assert read_table(FOLDER, "suspected") == found["suspected"]
    assert read_queue(FOLDER).num_rows == 0
    index = read_index(FOLDER)
    assert (index["dataset"], index["classes"], index["labels"]) == (
        "pets",
        ["cat", "dog"],
        {"leaks": 1},
    )
    names = {file["name"] for file in index["files"]}
    assert names == {f"{name}.parquet" for name in ("removed", *SCHEMAS)}


def test_a_table_that_lacks_or_is_of_another_schema_is_a_bug(here):
    schemas = {"removed": removed_schema(RAW_SCHEMA), **SCHEMAS}
    tables = {name: schema.empty_table() for name, schema in schemas.items()}
    with pytest.raises(AssertionError, match=QUEUE):
        write_findings(FOLDER, {name: t for name, t in tables.items() if name != QUEUE})
    more = pa.table({"class": ["cat"], "alpha": pa.array([1], pa.int64())})
    with pytest.raises(AssertionError, match=r"^agreement: class: string"):
        write_findings(FOLDER, tables | {"agreement": more})
    assert not FOLDER.exists()


def test_reasons_are_words_of_one_dictionary(here):
    reasons = words(["leak", "label"], list(REASONS))
    assert reasons.type == removed_schema(RAW_SCHEMA).field("reason").type
