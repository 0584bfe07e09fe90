"""Which splits of a source are taken; a split without any label waits unlabelled."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.runtime.errors import SettingsError
from tests.support.entries import Entry, open_source

NOTE = "test has no labels (3 rows): they wait unlabelled; test is drawn from train"


def entry(uri: Path, **more) -> Entry:
    return Entry(uri=str(uri), license="CC0-1.0", **more)


def manifest(folder: Path, test_label: str) -> Path:
    rows = [f"{n}.jpg,{n % 2},train" for n in range(6)]
    rows += [f"{n}.jpg,{test_label},test" for n in range(6, 9)]
    for number in range(9):
        (folder / f"{number}.jpg").write_bytes(b"an image")
    (folder / "labels.csv").write_text("\n".join(["path,label,split", *rows]))
    return folder


def parquet(folder: Path, test_label: int | None, names: list[str] | None) -> Path:
    features = {"label": {"_type": "ClassLabel", "names": names}}
    metadata = {"huggingface": json.dumps({"info": {"features": features}})} if names else {}
    for split, labels in (("train", [0, 1] * 3), ("test", [test_label] * 3)):
        table = pa.table({"image": [b"1"] * len(labels), "label": pa.array(labels, pa.int64())})
        pq.write_table(table.replace_schema_metadata(metadata), folder / f"{split}.parquet")
    return folder


@pytest.mark.parametrize("label", ["", "-1"])
def test_of_a_manifest(tmp_path, label):
    found = open_source(entry(manifest(tmp_path, label)))
    assert found.splits == {"train"}
    assert found.target["classes"] == ["0", "1"]
    assert NOTE in found.notes
    assert ("-1 in place of a label counts as none" in found.notes) == (label == "-1")


@pytest.mark.parametrize("label", [None, -1])
@pytest.mark.parametrize("names", [None, ["cat", "dog"]])
def test_of_parquet(tmp_path, label, names):
    found = open_source(entry(parquet(tmp_path, label, names)))
    assert found.splits == {"train"}
    assert found.target["classes"] == names or ["0", "1"]
    assert NOTE in found.notes


def test_labels_that_annotators_may_give_are_not_missing(tmp_path):
    (tmp_path / "pets").mkdir()
    said = tmp_path / "said.csv"
    said.write_text("id,annotator,label\n7.jpg,ada,1\n")
    found = open_source(entry(manifest(tmp_path / "pets", ""), annotations=str(said)))
    assert found.splits == {"train", "test"}


def test_a_split_with_some_labels_is_one(tmp_path):
    found = open_source(entry(manifest(tmp_path, "1")))
    assert found.splits == {"train", "test"}
    assert NOTE not in found.notes


def test_the_entry_takes_some_splits(tmp_path):
    found = open_source(entry(manifest(tmp_path, "1"), splits=["train"]))
    assert found.splits == {"train"}
    assert not [note for note in found.notes if "no labels" in note]
    with pytest.raises(SettingsError) as caught:
        open_source(entry(tmp_path, splits=["train", "val"]))
    assert str(caught.value) == (
        f"ERROR splits names val, but {tmp_path} has test, train | fix: correct splits: in the "
        "catalog entry, or leave it out"
    )


def test_of_a_source_without_splits(tmp_path):
    for name in ("cat/1.jpg", "dog/1.jpg"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_bytes(b"an image")
    with pytest.raises(SettingsError, match=f"splits names test, but {tmp_path} tells none apart"):
        open_source(entry(tmp_path, splits=["test"]))
