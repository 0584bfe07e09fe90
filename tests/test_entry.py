"""Two lines are enough for a catalog entry; what is missing or misspelt is named."""

from functools import partial
from pathlib import Path

import pytest

from pipeline import entry as entries
from pipeline.dataset.catalog import Expectation
from pipeline.dataset.splits.rule import SplitRule
from pipeline.runtime.errors import SettingsError
from pipeline.runtime.settings import read_yaml
from tests.support.entries import Columns, Entry
from tests.support.repository import ROOT

read_entry = partial(entries.read_entry, modality="images", target="classes")

TWO_LINES = "uri: data/pets\nlicense: CC-BY-4.0\n"


@pytest.fixture
def catalog(here: Path) -> Path:
    folder = here / "data" / "catalog"
    folder.mkdir(parents=True)
    return folder


def as_read(**more: object) -> dict:
    return Entry(**more).model_dump()


def refusal(name: str) -> str:
    with pytest.raises(SettingsError) as caught:
        read_entry(name)
    return str(caught.value)


def test_two_lines_are_enough(catalog):
    (catalog / "pets.yaml").write_text(TWO_LINES)
    assert read_entry("pets").model_dump() == as_read(
        uri="data/pets",
        license="CC-BY-4.0",
        kind="auto",
        title=None,
        description=None,
        homepage=None,
        citation=None,
        classes=None,
        image_size=None,
        columns=Columns(id=None, image=None, label=None, split=None, group=None),
        split=SplitRule(),
        expectations=[],
    )


def test_an_entry_that_says_everything(catalog):
    (catalog / "pets.yaml").write_text(
        """\
uri: data/pets
license: CC-BY-4.0
kind: parquet
title: Pets
description: Cats and dogs.
homepage: https://example.org
citation: Doe 2024
classes: [cat, dog]
image_size: [32, 48]
columns: {id: key, image: photo, label: animal, split: part, group: owner}
split: {val: 0.2, test: 0.3}
expectations:
  - type: expect_column_mean_to_be_between
    kwargs: {column: brightness, min_value: 0.1}
    severity: warning
"""
    )
    assert read_entry("pets").model_dump() == as_read(
        uri="data/pets",
        license="CC-BY-4.0",
        kind="parquet",
        title="Pets",
        description="Cats and dogs.",
        homepage="https://example.org",
        citation="Doe 2024",
        classes=["cat", "dog"],
        image_size=[32, 48],
        columns=Columns(id="key", image="photo", label="animal", split="part", group="owner"),
        split=SplitRule(val=0.2, test=0.3),
        expectations=[
            Expectation(
                type="expect_column_mean_to_be_between",
                kwargs={"column": "brightness", "min_value": 0.1},
                severity="warning",
            )
        ],
    )


def test_a_wrong_dataset_name_lists_those_there_are(catalog):
    (catalog / "pets.yaml").write_text(TWO_LINES)
    (catalog / "birds.yaml").write_text(TWO_LINES)
    assert refusal("pest") == (
        "ERROR dataset is 'pest', but data/catalog/pest.yaml does not exist; "
        "there are: birds, pets | fix: write data/catalog/pest.yaml "
        "(`uri:` and `license:` are enough)"
    )


@pytest.mark.parametrize("license", ["", "license:\n", "license: ''\n"])
def test_no_licence_no_ingest(catalog, license):
    (catalog / "pets.yaml").write_text(f"uri: data/pets\n{license}")
    assert refusal("pets") == (
        "ERROR data/catalog/pets.yaml: key license is missing; data without a licence is not "
        "ingested | fix: add `license:` with the terms you hold the data under, such as CC-BY-4.0"
    )


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("clases: [cat, dog]", "unknown key clases | fix: did you mean classes?"),
        ("columns: {lable: animal}", "unknown key columns.lable | fix: did you mean label?"),
        (
            "columns: {zzz: animal}",
            "unknown key columns.zzz | fix: known keys: "
            "id, split, group, time, user, known_at, license, purposes, strip, image, label, "
            "annotator",
        ),
        (
            "expectations: [{type: expect_x, severty: warning}]",
            "unknown key expectations.0.severty | fix: did you mean severity?",
        ),
        (
            "split: {val: 0.5, test: 0.5}",
            "split must be val and test that leave a share for train, "
            "found {'val': 0.5, 'test': 0.5} "
            "| fix: set split to such a value in data/catalog/pets.yaml",
        ),
        (
            "split: {val: 0.0}",
            "split.val must be greater than 0, found 0.0 "
            "| fix: set split.val to such a value in data/catalog/pets.yaml",
        ),
    ],
)
def test_what_is_misspelt_or_impossible_is_named(catalog, line, message):
    (catalog / "pets.yaml").write_text(TWO_LINES + line)
    assert refusal("pets") == f"ERROR data/catalog/pets.yaml: {message}"


@pytest.mark.parametrize(
    "line",
    [
        "classes: [cat]",
        "classes: [cat, cat]",
        "classes: [cat, '']",
        "image_size: [32]",
        "image_size: [32, 32, 3]",
        "image_size: [0, 32]",
        "image_size: [32, -1]",
        "image_size: [32.5, 32]",
    ],
)
def test_impossible_classes_and_sizes_are_refused(catalog, line):
    (catalog / "pets.yaml").write_text(TWO_LINES + line)
    key = line.partition(":")[0]
    assert refusal("pets").startswith(f"ERROR data/catalog/pets.yaml: {key}")


def test_a_missing_uri(catalog):
    (catalog / "pets.yaml").write_text("license: CC-BY-4.0")
    assert refusal("pets") == ("ERROR data/catalog/pets.yaml: key uri is missing | fix: add `uri:`")


SHIPPED = sorted(path.stem for path in (ROOT / "data/catalog").glob("*.yaml"))


@pytest.mark.parametrize("name", SHIPPED)
def test_the_entries_that_come_with_the_project(name, monkeypatch):
    monkeypatch.chdir(ROOT)
    content = read_yaml(ROOT / f"data/catalog/{name}.yaml")
    kind = {"modality": "images", "target": "classes"}
    entry = entries.read_entry(name, **{key: content.get(key, kind[key]) for key in kind})
    assert entry.title
    assert entry.homepage
    assert entry.citation


def test_their_checksums_are_the_published_ones(monkeypatch):
    from torchvision.datasets import MNIST, FashionMNIST

    monkeypatch.chdir(ROOT)
    # https://www.cs.toronto.edu/~kriz/cifar.html; torchvision has those of the python archives.
    for number, md5 in (
        (10, "c32a1d4ab5d03f1284b67883e8d87530"),
        (100, "03b5dce01913d631647c71ecec9e9cb8"),
    ):
        entry = read_entry(f"cifar{number}")
        assert entry.uri == f"https://www.cs.toronto.edu/~kriz/cifar-{number}-binary.tar.gz"
        assert entry.md5 == md5
    for name, dataset in (("mnist", MNIST), ("fashion-mnist", FashionMNIST)):
        assert read_entry(name).uri in dataset.mirrors
        assert read_entry(name).md5 == dict(dataset.resources)
    assert read_entry("fashion-mnist").classes == FashionMNIST.classes
