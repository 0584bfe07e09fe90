"""Folders of named tables come back as they were written; what is damaged is noticed."""

import hashlib
from pathlib import Path

import pyarrow as pa
import pytest

from pipeline.dataset.table import read_index, words
from pipeline.dataset.tables import read_small_table, read_table, write_small_table, write_tables
from pipeline.runtime.errors import MissingInput

FOLDER = Path("results/found")
TABLES = {
    "pets": pa.table({"id": ["a", "b", "c"], "kind": words(["cat", None, "dog"])}),
    "marks": pa.table({"value": pa.array([0.5, None]), "names": [["x"], []]}),
    "nothing": pa.table({"id": pa.array([], pa.string())}),
}
FIX = "groundwork repair --cache && dvc repro"


def refusal(name: str) -> str:
    with pytest.raises(MissingInput) as caught:
        read_table(FOLDER, name)
    return str(caught.value)


def test_what_is_written_is_read(here):
    write_tables(FOLDER, TABLES)
    for name, table in TABLES.items():
        assert read_table(FOLDER, name) == table
        assert read_table(FOLDER, name).schema == table.schema
    assert read_table(FOLDER, "pets", ["kind"]) == TABLES["pets"].select(["kind"])


def test_the_index_says_what_there_is(here):
    write_tables(FOLDER, {"pets": TABLES["pets"]}, dataset="zoo", labels={"examples": 3})
    content = (FOLDER / "pets.parquet").read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    assert read_index(FOLDER) == {
        "dataset": "zoo",
        "labels": {"examples": 3},
        "files": [{"name": "pets.parquet", "rows": 3, "sha256": digest}],
    }
    assert sorted(path.name for path in FOLDER.iterdir()) == ["index.json", "pets.parquet"]


def test_the_same_tables_are_the_same_bytes(here):
    for name in "ab":
        write_tables(Path(name), TABLES, dataset="zoo")
    for path in Path("a").iterdir():
        assert path.read_bytes() == (Path("b") / path.name).read_bytes()


def test_a_folder_that_is_not_whole_is_not_read(here):
    said = "ERROR results/found/index.json is missing or broken | fix: run dvc repro again"
    assert refusal("pets") == said
    write_tables(FOLDER, TABLES)
    (FOLDER / "index.json").unlink()
    assert refusal("pets") == said


def test_a_table_that_nobody_wrote(here):
    write_tables(FOLDER, TABLES)
    assert refusal("birds") == (
        f"ERROR results/found is damaged: it has no birds.parquet | fix: {FIX}"
    )


def test_a_missing_file_is_named(here):
    write_tables(FOLDER, TABLES)
    (FOLDER / "pets.parquet").unlink()
    assert refusal("pets").startswith("ERROR results/found/pets.parquet is damaged: ")


def test_every_flipped_bit_is_noticed(here):
    write_tables(FOLDER, TABLES)
    path = FOLDER / "pets.parquet"
    whole = path.read_bytes()
    for place in range(len(whole)):
        flipped = bytearray(whole)
        flipped[place] ^= 1 << place % 8
        for content in (flipped, whole[:place]):
            path.write_bytes(content)
            assert refusal("pets") == (
                "ERROR results/found/pets.parquet is damaged: other bytes than were written | "
                f"fix: {FIX}"
            )
    assert read_table(FOLDER, "marks") == TABLES["marks"]


def test_a_small_table_alone_is_read_as_written_or_refused_whatever_bit_flips(here):
    path, rows = Path("epochs.parquet"), [{"epoch": 1, "loss": 1 / 3}, {"epoch": 2, "loss": 0.1}]
    write_small_table(path, pa.Table.from_pylist(rows))
    assert read_small_table(path) == rows
    whole = path.read_bytes()
    outcomes = []
    for place in range(len(whole)):
        damage = bytearray(whole)
        damage[place] ^= 1 << place % 8
        path.write_bytes(damage)
        try:
            outcomes.append(read_small_table(path) == rows)
        except MissingInput as error:
            outcomes.append(error.fix == FIX)
    assert len(outcomes) > 500
    assert all(outcomes)


def test_a_small_table_that_was_cut_or_is_not_there_is_refused(here):
    path = Path("epochs.parquet")
    for content in (None, b"", b"PAR1"):
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(MissingInput, match=r"epochs\.parquet is damaged: "):
            read_small_table(path)
