"""Labels of several people from a file beside the source, through ingest, add and its checks."""

import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from pipeline.dataset.review.queue import read_queue
from pipeline.dataset.table import read_folder
from pipeline.dataset.tables import read_table
from tests.support.repository import Repository

INGEST = "python -m pipeline.check && python -m pipeline.ingest"
SAID = """\
id,annotator,label
0.png,ada,dog
1.png,ada,dog
1.png,bo,cat
2.png,ada,dog
2.png,bo,cat
2.png,cy,cat
gone.png,bo,cat
"""


@pytest.fixture
def pets(clone: Repository) -> Repository:
    """A clone with a manifest of eight images in it, one without a label, and annotations."""
    folder = clone.path / "pets"
    folder.mkdir()
    labels = ["cat", "dog", "", "dog", "cat", "dog", "cat", "dog"]
    for number in range(len(labels)):
        pixels = np.random.default_rng(number).integers(0, 256, (8, 8, 3), np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")
    rows = [f"{number}.png,{label}" for number, label in enumerate(labels)]
    (folder / "labels.csv").write_text("\n".join(["path,label", *rows]))
    (clone.path / "said.csv").write_text(SAID)
    entry = "uri: pets\nlicense: CC0-1.0\nannotations: said.csv\n"
    (clone.path / "data/catalog/pets.yaml").write_text(entry)
    clone.set_params({"dataset": "pets"})
    return clone


def said(raw: Path) -> list[tuple[str, str, str]]:
    return [tuple(row.values()) for row in pq.read_table(raw / "annotations.parquet").to_pylist()]


def test_what_ingest_makes_of_them(pets, tmp_path):
    printed = pets.run(INGEST)
    for line in (
        "ingest: 13 labels by 4 annotators",
        "ingest: 1 examples without a label have that of most annotators",
        "ingest: passed over 1 labels of 1 ids that are not in data/raw",
    ):
        assert line in printed.splitlines()
    raw = pets.path / "data/raw"
    table = read_folder(raw, ["id", "label"])
    given = dict(zip(*(table[name].to_pylist() for name in ("id", "label")), strict=True))
    assert given["2.png"] == "cat"
    known = [tuple(line.split(",")) for line in SAID.splitlines()[1:-1]]
    own = [(id, "source", label) for id, label in given.items() if id != "2.png"]
    assert said(raw) == own + known

    first = pets.digests("data/raw")
    pets.run(INGEST)
    assert pets.digests("data/raw") == first

    pets.set_params({"ingest": {"pseudonymise": True}})
    pets.run(INGEST, env={"GROUNDWORK_KEY": str(tmp_path / "key")})
    hidden = read_folder(raw, ["id"])["id"].to_pylist()
    names = dict(zip(given, hidden, strict=True))
    assert [(id, label) for id, _, label in said(raw)] == [
        (names[id], label) for id, _, label in own + known
    ]
    people = [who for _, who, _ in said(raw)]
    assert people[: len(own)] == ["source"] * len(own)
    assert len(set(people)) == 4
    assert not set(people) & {"ada", "bo", "cy"}


@pytest.mark.slow  # 10 s
def test_another_label_is_noticed(pets):
    pets.run("groundwork add pets")
    pets.run(INGEST)
    (pets.path / "said.csv").write_text(SAID.replace("0.png,ada,dog", "0.png,ada,cat"))
    printed = pets.run(INGEST, expect=1)
    line = next(line for line in printed.splitlines() if line.startswith("ERROR"))
    assert line.startswith("ERROR the data at pets with said.csv are not those that the catalog")
    pets.run("groundwork add pets")
    pets.run(INGEST)
    assert pets.run("groundwork add pets").endswith("of these data already\n")


def test_wrong_labels_are_refused_in_one_line(pets):
    (pets.path / "said.csv").write_text(SAID + "3.png,bo,fish\n")
    printed = pets.run(INGEST, expect=1)
    assert (
        "ERROR annotations said.csv has labels that are no class, from line 9 on: 'fish' "
        "| fix: the classes are cat, dog; correct the labels, or classes: in the catalog entry\n"
    ) in printed


@pytest.mark.slow  # half a minute
def test_what_clean_makes_of_them(quick_clone):
    """Three people label 300 digits again, one of them carelessly."""
    truth = load_digits().target[:300]
    random = np.random.default_rng(0)
    lines = ["id,annotator,label"]
    for who, skill in (("ada", 1.0), ("bo", 0.98), ("cy", 0.6)):
        wrong = random.random(300) > skill
        labels = np.where(wrong, (truth + random.integers(1, 10, 300)) % 10, truth)
        lines += [f"{row:04d},{who},{label}" for row, label in enumerate(labels)]
    (quick_clone.path / "said.csv").write_text("\n".join(lines))
    entry = quick_clone.path / "data/catalog/digits.yaml"
    entry.write_text(entry.read_text() + "annotations: said.csv\n")
    quick_clone.run("dvc repro clean")

    reports = quick_clone.path / "reports"
    findings = quick_clone.path / "data/findings"
    people = {row["annotator"]: row for row in read_table(findings, "annotators").to_pylist()}
    assert list(people) == ["ada", "bo", "cy", "source"]
    accuracy = {who: row["accuracy"] for who, row in people.items()}
    assert accuracy["cy"] < 0.75 < 0.9 < min(accuracy["ada"], accuracy["bo"], accuracy["source"])
    classes = read_table(findings, "agreement")["class"].to_pylist()
    assert classes == list("0123456789")
    labels = json.loads((reports / "labels.json").read_text())
    assert (labels["annotators"], labels["annotations"]) == (4, 1797 + 900)
    assert 0.5 < labels["agreement_alpha"] < 0.9
    queue = read_table(findings, "relabel_queue").to_pylist()
    gains = [row["gain"] for row in queue]
    assert gains == sorted(gains, reverse=True)
    assert {row["num_labels"] for row in queue} <= {1, 4}
    doubted = read_queue(findings).to_pylist()
    disputed = [row for row in doubted if "annotators" in row["reasons"]]
    assert all(row["id"] < "0300" and len(row["votes"]) > 1 for row in disputed)
    assert {row["judges"] for row in doubted} == {"models"}

    quick_clone.set_params({"clean": {"folds": 0}})
    quick_clone.run("dvc repro clean")
    by_people = json.loads((reports / "labels.json").read_text())
    assert 0 <= by_people["label_issues"] <= 60
    doubted = read_queue(findings).to_pylist()
    assert {row["judges"] for row in doubted} <= {"people"}
