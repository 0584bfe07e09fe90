"""Examples without a label wait in the pool: they are counted, and stop nothing."""

import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from pipeline.dataset.table import read_folder, read_index, read_tables
from tests.support.repository import Repository

STAGES = " && ".join(f"python -m pipeline.{stage}" for stage in ("check", "ingest", "validate"))


def paint(path: Path, number: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(number).integers(0, 256, (8, 8, 3), np.uint8)
    Image.fromarray(pixels).save(path)


@pytest.fixture
def pets(clone: Repository) -> Repository:
    """60 labelled images, 30 in `val` without a class folder, one of them damaged; and sidecars."""
    folder = clone.path / "pets"
    for number in range(60):
        path = folder / f"train/{'cat' if number % 2 else 'dog'}/{number:02d}.png"
        paint(path, number)
        path.with_suffix(".json").write_text("{}")
    for number in range(60, 90):
        paint(folder / f"val/{number}.png", number)
    (folder / "val/89.png").write_bytes(b"\x89PNG, but no more")
    (clone.path / "data/catalog/pets.yaml").write_text("uri: pets\nlicense: CC0-1.0\n")
    clone.set_params(
        {"dataset": "pets", "clean": {"folds": 0}, "validate": {"min_examples_per_class": 5}}
    )
    return clone


@pytest.mark.slow  # 25 s
def test_they_are_counted_and_stop_nothing(pets):
    printed = pets.run(f"{STAGES} && python -m pipeline.clean")
    assert "ingest: val has no labels (30 rows): they wait unlabelled; val is drawn" in printed
    assert "   29  unlabelled: waiting in the pool\n" in printed
    report = json.loads((pets.path / "reports/ingest.json").read_text())
    expected = {
        "examples": 60,
        "classes": 2,
        "unreadable": 0,
        "unlabelled": 30,
        "unlabelled_unreadable": 1,
        "beside": 60,
        "beside_not_images_json": 60,
        "in_source": 150,
    }
    assert {key: report[key] for key in expected} == expected
    raw = pets.path / "data/raw"
    assert read_index(raw)["counts"] == report
    assert read_folder(raw, ["label"])["label"].null_count == 0
    [pool] = read_tables(raw, ["id", "label", "split"], "pool")
    ids = [f"val/{number}.png" for number in range(60, 90)]
    assert pool.to_pylist() == [{"id": id, "label": None, "split": None} for id in ids]
    found = pq.read_table(pets.path / "data/findings/pool.parquet").to_pylist()
    assert [row["id"] for row in found] == ids
    assert {row["reason"] for row in found[:-1]} == {"unlabelled"}
    assert "damaged" in found[-1]["reason"]
    validation = json.loads((pets.path / "reports/validation.json").read_text())
    assert (validation["examples"], validation["quarantined"]) == (60, 0)
    assert json.loads((pets.path / "reports/labels.json").read_text())["examples"] == 60

    (pets.path / "data/optout/pets.csv").write_text("id\nval/60.png\n")
    pets.run(STAGES)
    [pool] = read_tables(raw, ["id"], "pool")
    assert pool["id"].to_pylist() == ids[1:]
    report = json.loads((pets.path / "reports/ingest.json").read_text())
    assert (report["unlabelled"], report["opted_out"], report["in_source"]) == (29, 1, 150)


def test_labels_that_are_none_are_refused(pets):
    entry = pets.path / "data/catalog/pets.yaml"
    entry.write_text(entry.read_text() + "classes: [cats, dogs]\n")
    printed = pets.run("python -m pipeline.check && python -m pipeline.ingest", expect=1)
    assert (
        "ERROR pets has the labels cat, dog; classes: in the catalog entry has cats, dogs; 30 "
    ) in printed
    folder = pets.path / "numbers"
    rows = []
    for number in range(40):
        paint(folder / f"{number}.png", number)
        rows.append(f"{number}.png,{number / 40 + 0.003:.3f}")
    (folder / "labels.csv").write_text("\n".join(["path,label", *rows]))
    entry.write_text("uri: numbers\nlicense: CC0-1.0\n")
    printed = pets.run("python -m pipeline.check && python -m pipeline.ingest", expect=1)
    assert (
        "ERROR the labels look like numbers to be estimated: 0.003, 0.028, 0.053 …, but" in printed
    )
    printed = pets.run("groundwork add numbers numbers --license CC0-1.0")
    assert "the labels look like numbers to be estimated" in printed
    assert "classes:" not in (pets.path / "data/catalog/numbers.yaml").read_text()
