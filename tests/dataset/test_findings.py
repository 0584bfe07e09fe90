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
from pipeline.dataset.review.queue import QUEUE, REVIEW_QUEUE_SCHEMA, read_queue
from pipeline.dataset.table import read_index, words
from pipeline.dataset.tables import read_table
from pipeline.targets.classes.noise.schemas import SCHEMAS as OF_CLASSES
from tests.support.findings import write_found
from tests.support.image_schema import RAW_SCHEMA

FOLDER = Path("findings")
SOME = pa.schema([pa.field("pet", pa.string(), nullable=False), pa.field("alpha", pa.float64())])


def test_the_tables_of_the_contract():
    more = ["reason", "detail", "of", "similarity"]
    assert removed_schema(RAW_SCHEMA).names == [*RAW_SCHEMA.names, *more]
    assert {name: schema.names for name, schema in SCHEMAS.items()} == {
        "review_queue": REVIEW_QUEUE_SCHEMA.names,
        "duplicates": ["id", "split", "kind", "of", "of_split", "similarity", "removed"],
        "suspected": ["id", "split", "given", "proposed", "label_quality"],
        "outliers": ["id", "split", "label", "outlier", "unusual", "distance"],
        "pool": ["id", "reason"],
    }
    assert REASONS == ("unusable", "duplicate", "leak", "dropped", "label", "outlier")


def test_rows_become_columns_of_the_types_of_the_schema():
    table = table_of(SOME, [("cat", 0.5), ("dog", None)])
    assert table.schema == SOME
    assert table.to_pylist() == [{"pet": "cat", "alpha": 0.5}, {"pet": "dog", "alpha": None}]
    assert table_of(SOME, []) == SOME.empty_table()


@pytest.mark.parametrize("row", [("cat",), ("cat", 0.5, 1)])
def test_a_row_of_another_length_is_a_bug(row):
    with pytest.raises(ValueError, match="zip"):
        table_of(SOME, [row])


def test_what_is_written_is_read(here):
    empty = dict.fromkeys(removed_schema(RAW_SCHEMA).names)
    row = empty | {"id": "b", "reason": "leak", "of": "a", "similarity": 0.75}
    found = {
        "removed": pa.Table.from_pylist([row], removed_schema(RAW_SCHEMA)),
        "suspected": table_of(SCHEMAS["suspected"], [("c", "train", "cat", "dog", 0.25)]),
    }
    write_found(FOLDER, found, dataset="pets", target={"a": 1}, labels={"leaks": 1})
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
    assert [index[key] for key in ("dataset", "target", "labels")] == [
        "pets",
        {"a": 1},
        {"leaks": 1},
    ]
    names = {file["name"] for file in index["files"]}
    assert names == {f"{name}.parquet" for name in ("removed", *SCHEMAS, *OF_CLASSES)}


def test_a_table_that_lacks_or_is_of_another_schema_is_a_bug(here):
    of_target = {"agreement": SOME}
    schemas = {"removed": removed_schema(RAW_SCHEMA), **SCHEMAS, **of_target}
    tables = {name: schema.empty_table() for name, schema in schemas.items()}
    for missing in (QUEUE, "agreement"):
        others = {name: table for name, table in tables.items() if name != missing}
        with pytest.raises(AssertionError, match=missing):
            write_findings(FOLDER, others, of_target)
    with pytest.raises(AssertionError, match="agreement"):
        write_findings(FOLDER, tables, {})
    more = pa.table({"pet": ["cat"], "alpha": pa.array([1], pa.int64())})
    with pytest.raises(AssertionError, match=r"^agreement: pet: string"):
        write_findings(FOLDER, tables | {"agreement": more}, of_target)
    assert not FOLDER.exists()


def test_reasons_are_words_of_one_dictionary(here):
    reasons = words(["leak", "label"], list(REASONS))
    assert reasons.type == removed_schema(RAW_SCHEMA).field("reason").type
