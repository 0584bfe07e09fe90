"""Predictions of any target say whose they are; two runs have examples in common, or not."""

import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.runtime.errors import CompareError
from pipeline.targets.predictions import (
    TARGET_KEY,
    refuse_other_labels,
    rows_in_both,
    target_of,
)


def content(metadata: dict[bytes, bytes] | None) -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.table({"id": ["a"]}).replace_schema_metadata(metadata), file)
    return file.getvalue()


def test_the_target_of_predictions():
    assert target_of(content({TARGET_KEY: b"numbers"}), "main") == "numbers"
    for older in (None, {b"other": b"x"}):
        assert target_of(content(older), "main") == "classes"


def test_damaged_predictions_are_of_no_target():
    with pytest.raises(CompareError) as caught:
        target_of(b"nothing", "main")
    line = str(caught.value)
    assert line.startswith("ERROR the predictions of main cannot be read: ")
    assert line.endswith(
        " | fix: make them by the code of today: git checkout main, then dvc repro evaluate"
    )


def test_rows_in_both_are_in_the_order_of_the_first():
    ours, theirs = rows_in_both(["a", "b", "c"], ["new", "c", "a"])
    assert (ours.tolist(), theirs.tolist()) == ([0, 2], [2, 1])


def test_runs_of_other_examples():
    with pytest.raises(CompareError, match="the runs have no test example in common"):
        rows_in_both(["a"], ["b"])


def test_other_labels_are_refused():
    refuse_other_labels(np.array([], int), ["a", "b"])
    with pytest.raises(CompareError) as caught:
        refuse_other_labels(np.array([1]), ["a", "b"])
    assert str(caught.value) == (
        "ERROR 1 of 2 test examples have another label in the two runs, first: b | "
        "fix: evaluate both on the same labels: dvc repro evaluate"
    )
