"""Hugging Face `datasets` finds splits, images and labels in data/clean, with their values."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from pipeline.clean.hub_card import hub_card
from pipeline.dataset.parts import write_tables
from pipeline.dataset.table import words, write_index
from pipeline.modalities.images.content.decoding import encode_png
from tests.support.image_schema import CLEAN_SCHEMA

LABELS = ["cat", "no", "1", "10", "0", "🐈"]
SPLITS = ["train", "test", "train", "val", "train", "train"]


def test_the_card_of_a_table_of_several_types():
    schema = pa.schema(
        [
            ("picture", pa.binary()),
            ("label", pa.dictionary(pa.int32(), pa.string())),
            ("width", pa.float32()),
            ("steps", pa.list_(pa.float64())),
        ]
    )
    card = hub_card(schema, {"picture": "image"})
    assert (
        card.split("dataset_info:\n")[1].split("---")[0]
        == """\
- config_name: default
  features: &columns
  - name: picture
    dtype: image
  - name: label
    dtype: string
  - name: width
    dtype: float32
  - name: steps
    list: float64
- config_name: train
  features: *columns
- config_name: val
  features: *columns
- config_name: test
  features: *columns
"""
    )


@pytest.fixture
def folder(here) -> Path:
    """A folder as data/clean is: an image of each label, in two files."""
    images = [encode_png(np.full((4, 4, 3), i, np.uint8)) for i in range(len(LABELS))]
    columns = dict.fromkeys(CLEAN_SCHEMA.names) | {
        "id": pa.array([f"id-{i}" for i in range(len(LABELS))]),
        "image": pa.array(images),
        "label": words(LABELS, LABELS),
        "label_given": words([None, *LABELS[1:]], LABELS),
        "split": words(SPLITS),
    }
    nothing = [None] * len(LABELS)
    table = pa.table([nothing if c is None else c for c in columns.values()], schema=CLEAN_SCHEMA)
    folder = here / "clean"
    files = write_tables(folder, [table.slice(0, 4), table.slice(4)], CLEAN_SCHEMA)
    (folder / "README.md").write_text(hub_card(CLEAN_SCHEMA, {"image": "image"}), encoding="utf-8")
    write_index(folder, files, CLEAN_SCHEMA)
    return folder


@pytest.fixture
def load(folder, monkeypatch):
    """`load_dataset` of the folder, which asks nobody on the network."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(folder.parent / "home"))
    datasets = pytest.importorskip("datasets", reason="only the extra `bench` has datasets")
    return lambda *name: datasets.load_dataset(
        str(folder), *name, cache_dir=str(folder.parent / "cache")
    )


def test_load_dataset_gives_images_and_labels_with_their_values(load):
    (split,) = load().items()
    name, examples = split
    assert (name, len(examples)) == ("examples", len(LABELS))
    assert examples.column_names == CLEAN_SCHEMA.names
    assert examples["label"][:] == LABELS
    assert examples["label_given"][:] == [None, *LABELS[1:]]
    assert examples["split"][:] == SPLITS
    pixels = [np.asarray(image)[0, 0].tolist() for image in examples["image"]]
    assert pixels == [[i] * 3 for i in range(len(LABELS))]


@pytest.mark.parametrize("split", ["train", "val", "test"])
def test_load_dataset_by_split(load, split):
    (found,) = load(split).items()
    assert found[0] == split
    assert found[1]["id"][:] == [f"id-{i}" for i, s in enumerate(SPLITS) if s == split]
