"""Predictions come back as they were written, in the same bytes; and what cannot be compared."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from pipeline.dataset.table import write_examples
from pipeline.runtime.errors import CompareError
from pipeline.targets.classes.judging.predictions import (
    Predictions,
    align,
    predictions_table,
    read_predictions,
)
from pipeline.targets.predictions import target_of

PREDICTIONS = Predictions(
    ids=["a", "b", "ç"],
    groups=["one", None, None],
    classes=["Katze", "猫", "never seen"],
    labels=np.array([0, 1, 1]),
    probabilities=np.array([[0.7, 0.2, 0.1], [0.5, 0.25, 0.25], [0, 1, 0]], np.float32),
)


def written(folder: Path, predictions: Predictions = PREDICTIONS) -> bytes:
    write_examples(predictions_table(predictions), folder / "p.parquet")
    return (folder / "p.parquet").read_bytes()


def assert_same(one: Predictions, other: Predictions) -> None:
    assert (one.ids, one.groups, one.classes) == (other.ids, other.groups, other.classes)
    assert np.array_equal(one.labels, other.labels)
    assert np.array_equal(one.probabilities, other.probabilities)


def test_the_same_back_and_the_same_bytes(tmp_path):
    content = written(tmp_path)
    assert_same(read_predictions(content, "main"), PREDICTIONS)
    assert target_of(content, "main") == "classes"
    assert written(tmp_path) == content


def test_people_can_read_the_table(tmp_path):
    written(tmp_path)
    assert pq.read_table(tmp_path / "p.parquet").to_pylist()[1] == {
        "id": "b",
        "group": None,
        "label": "猫",
        "predicted": "Katze",
        "probabilities": [0.5, 0.25, 0.25],
    }


def refusal(content: bytes) -> str:
    with pytest.raises(CompareError) as caught:
        read_predictions(content, "main")
    return str(caught.value)


def test_what_is_damaged_or_of_another_version_is_refused(tmp_path):
    fix = " | fix: make them by the code of today: git checkout main, then dvc repro evaluate"
    assert refusal(b"nothing").startswith("ERROR the predictions of main cannot be read: ")
    written(tmp_path)
    table = pq.read_table(tmp_path / "p.parquet").replace_schema_metadata(None)
    pq.write_table(table, tmp_path / "old.parquet")
    assert refusal((tmp_path / "old.parquet").read_bytes()) == (
        "ERROR the predictions of main cannot be read: they are of another version of this project"
        + fix
    )


def test_examples_are_aligned_by_id():
    turned = Predictions(
        ids=["new", "ç", "a"],
        groups=[None, None, "one"],
        classes=PREDICTIONS.classes,
        labels=np.array([2, 1, 0]),
        probabilities=np.eye(3, dtype=np.float32),
    )
    one, other = align(PREDICTIONS, turned)
    assert one.ids == other.ids == ["a", "ç"]
    assert np.array_equal(one.probabilities, PREDICTIONS.probabilities[[0, 2]])
    assert np.array_equal(other.probabilities, turned.probabilities[[2, 1]])


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        (
            {"classes": ["Katze", "猫", "dog"]},
            "ERROR the runs have other classes: Katze, 猫, never seen; and Katze, 猫, dog | "
            "fix: compare runs on the same dataset",
        ),
        (
            {"ids": ["x", "y", "z"]},
            "ERROR the runs have no test example in common | fix: compare runs on the same dataset",
        ),
        (
            {"labels": np.array([0, 2, 0])},
            "ERROR 2 of 3 test examples have another label in the two runs, first: b | "
            "fix: evaluate both on the same labels: dvc repro evaluate",
        ),
    ],
)
def test_what_cannot_be_compared(changes, line):
    with pytest.raises(CompareError) as caught:
        align(PREDICTIONS, replace(PREDICTIONS, **changes))
    assert str(caught.value) == line
