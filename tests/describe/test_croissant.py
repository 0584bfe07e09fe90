"""The metadata are valid, and machines can read the data by them."""

import json
import logging

import mlcroissant
import pyarrow as pa
import pytest

from pipeline.dataset.catalog import Entry
from pipeline.dataset.parts import write_tables
from pipeline.dataset.table import write_index
from pipeline.describe.croissant import fields_of, license_url, write_croissant
from pipeline.modalities.images.content.decoding import decode
from pipeline.modalities.opening import open_show
from pipeline.targets.opening import open_describe
from tests.support.image_schema import CLEAN_SCHEMA

KIND = open_show("images"), open_describe("classes")


def index_of(classes: list[str], files: list[dict]) -> dict:
    """Of data/clean."""
    return {"target": {"classes": classes}, "files": files}


@pytest.fixture
def dataset(here, png, monkeypatch):
    """data/clean of two files, and reports/croissant.json."""
    monkeypatch.setattr("pipeline.dataset.parts.ROWS_PER_FILE", 2)
    empty = dict.fromkeys(CLEAN_SCHEMA.names)
    rows = [
        empty
        | {
            "id": f"{i}.png",
            "image": png(i),
            "label": "cat",
            "split": "train",
            "width": 4,
            "height": 4,
        }
        for i in range(3)
    ]
    tables = [
        pa.Table.from_pylist(rows[:2], CLEAN_SCHEMA),
        pa.Table.from_pylist(rows[2:], CLEAN_SCHEMA),
    ]
    files = write_tables(here / "data/clean", tables, CLEAN_SCHEMA)
    write_index(here / "data/clean", files)
    entry = Entry(
        uri="/data/pets",
        license="CC-BY-4.0",
        title="Pets",
        homepage="https://example.org/pets",
        citation="A. Author, Pets, 2026",
    )
    document = write_croissant("pets", entry, index_of(["cat", "dog"], files), *KIND)
    (here / "reports").mkdir()
    (here / "reports/croissant.json").write_text(json.dumps(document))
    return mlcroissant.Dataset(jsonld=here / "reports/croissant.json")


def test_mlcroissant_finds_nothing_wrong(dataset):
    assert not dataset.metadata.issues.errors
    # Neither is a function of the data.
    missing = sorted(
        str(w).split('"')[1].rpartition("/")[2] for w in dataset.metadata.issues.warnings
    )
    assert missing == ["datePublished", "version"]


def test_mlcroissant_reads_the_examples(dataset, png):
    found = []
    for name in ("part-00000", "part-00001"):
        for record in dataset.records(name):
            assert record[f"{name}/label"] == b"cat"
            assert record[f"{name}/width"] == 4
            assert record[f"{name}/image"].size == (4, 4)
            found.append(record[f"{name}/id"].decode())
    assert found == ["0.png", "1.png", "2.png"]
    assert decode(png(0)).shape == (4, 4, 1)


@pytest.mark.parametrize(
    ("license", "url"),
    [
        ("CC-BY-4.0", "https://spdx.org/licenses/CC-BY-4.0.html"),
        ("LicenseRef-none-stated", "LicenseRef-none-stated"),
        ("https://example.org/terms", "https://example.org/terms"),
        ("our own terms", "our own terms"),
        ("cc-by-4.0", "https://spdx.org/licenses/CC-BY-4.0.html"),
        ("unknown", "unknown"),
        ("MIT OR CC0-1.0", "MIT OR CC0-1.0"),
    ],
)
def test_licences(license, url):
    assert license_url(license) == url


def test_an_entry_of_two_lines_is_valid_too(here):
    (here / "reports").mkdir()
    entry = Entry(uri="x", license="our own terms")
    document = write_croissant("pets", entry, index_of(["a", "b"], []), *KIND)
    assert document["description"] == "Images of 2 classes."
    assert document["keywords"] == ["image classification", "a", "b"]
    (here / "reports/croissant.json").write_text(json.dumps(document))
    logging.disable(logging.WARNING)
    try:
        dataset = mlcroissant.Dataset(jsonld=here / "reports/croissant.json")
    finally:
        logging.disable(logging.NOTSET)
    assert not dataset.metadata.issues.errors


def test_columns_are_named_in_the_order_of_the_data_but_for_measurements():
    assert list(fields_of(*KIND)) == [
        *["id", "image", "label", "label_given", "split", "group", "source", "license", "purposes"],
        *["sha256", "width", "height", "channels", "brightness", "contrast", "sharpness"],
        *["red", "green", "blue", "dhash", "weight"],
    ]
