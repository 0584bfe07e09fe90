"""Every row of data/raw is in data/clean, or among those removed with its reason."""

from pathlib import Path

import pyarrow as pa
import pytest

from pipeline.clean.ledger import Ledger, Removal
from pipeline.clean.writing import write_cleaned
from pipeline.dataset.findings import REASONS, removed_schema
from pipeline.dataset.parts import write_tables
from pipeline.dataset.table import read_folder, read_index, read_tables, write_index
from pipeline.targets.opening import open_noise
from tests.support.image_schema import CLEAN_SCHEMA, RAW_SCHEMA

RAW, CLEAN = Path("raw"), Path("clean")
TARGET = {"classes": ["dog", "cat"]}
NUM = 8


@pytest.fixture
def rows(here, monkeypatch) -> Ledger:
    """Of data/raw in two files, with the labels cat, dog and none."""
    monkeypatch.setattr("pipeline.dataset.parts.BYTES_PER_FILE", 1)
    empty = dict.fromkeys(RAW_SCHEMA.names)
    labels = ["cat", "dog", "cat", None]
    examples = [
        empty
        | {"id": f"id-{i}", "image": bytes([i]), "label": labels[i % 4], "split": "train"}
        | {"problem": "unreadable" if i == 3 else None, "width": i}
        for i in range(NUM)
    ]
    halves = [pa.Table.from_pylist(examples[at : at + 4], RAW_SCHEMA) for at in (0, 4)]
    about = {"dataset": "pets", "modality": "images", "target_kind": "classes", "target": TARGET}
    about |= {"content": {"channels": 3}, "features": {"image": "image"}}
    write_index(RAW, write_tables(RAW, halves, RAW_SCHEMA), **about, counts={"x": 1})
    assert len(list(read_tables(RAW))) == 2
    return Ledger(read_folder(RAW), open_noise("classes"), TARGET)


def write(rows: Ledger) -> list[dict]:
    removed = write_cleaned(CLEAN, RAW, rows, read_index(RAW))
    assert removed.schema == removed_schema(RAW_SCHEMA)
    assert removed["reason"].chunk(0).dictionary.to_pylist() == list(REASONS)
    return removed.to_pylist()


def test_all_rows_are_there_in_order_kept_or_removed_with_their_reason(rows):
    rows.remove({3: Removal("unusable", "unreadable"), 7: Removal("unusable", "unlabelled")})
    rows.remove({2: Removal("leak", of=1, similarity=0.75), 5: Removal("dropped")})
    rows.labels[0] = 0
    rows.quality[0], rows.marked[0], rows.weights[0] = 0.25, True, 0.5
    removed = write(rows)
    raw, clean = read_folder(RAW).to_pylist(), read_folder(CLEAN)
    assert clean.schema.equals(CLEAN_SCHEMA)
    assert [row["id"] for row in clean.to_pylist()] == ["id-0", "id-1", "id-4", "id-6"]
    assert removed == [
        raw[row] | {"reason": reason, "detail": detail, "of": of, "similarity": similarity}
        for row, reason, detail, of, similarity in [
            (2, "leak", None, "id-1", 0.75),
            (3, "unusable", "unreadable", None, None),
            (5, "dropped", None, None, None),
            (7, "unusable", "unlabelled", None, None),
        ]
    ]
    first, second, *_ = clean.to_pylist()
    ours = {name: value for name, value in raw[0].items() if name != "problem"}
    assert first == ours | {
        "label": "dog",
        "label_given": "cat",
        "label_quality": 0.25,
        "suspected": True,
        "weight": 0.5,
    }
    assert second["label_quality"] is None
    assert (second["label"], second["suspected"], second["weight"]) == ("dog", False, 1.0)


def test_the_index_is_that_of_the_raw_data_but_for_what_is_of_their_files(rows):
    rows.remove({3: Removal("unusable", "unreadable"), 7: Removal("unusable", "unlabelled")})
    write(rows)
    index = read_index(CLEAN)
    first = ["dataset", "modality", "target_kind", "target", "content", "features"]
    assert list(index) == [*first, "types", "examples", "files"]
    assert [index[key] for key in first] == [
        "pets",
        "images",
        "classes",
        TARGET,
        {"channels": 3},
        {"image": "image"},
    ]
    assert index["examples"] == 6


def test_nothing_is_removed(rows):
    rows.given[[3, 7]] = rows.labels[[3, 7]] = 0
    assert write(rows) == []
    assert read_index(CLEAN)["examples"] == NUM


def test_everything_is_removed(rows):
    rows.remove({row: Removal("outlier") for row in range(NUM)})
    assert [row["id"] for row in write(rows)] == [f"id-{i}" for i in range(NUM)]
    assert read_folder(CLEAN).num_rows == 0
