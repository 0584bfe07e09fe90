"""What clean found, as the tables of data/findings and the figures of reports/labels.json."""

import numpy as np
import pyarrow as pa
import pytest

from pipeline.clean import tables
from pipeline.clean.duplicates import Duplicates, Repetition
from pipeline.clean.ledger import Ledger, Removal
from pipeline.dataset.annotations import Annotations
from pipeline.dataset.findings import SCHEMAS
from pipeline.dataset.review.decisions import Decision
from pipeline.targets.opening import open_noise

CLASSES = ["cat", "dog"]
ROWS = [
    ("a", "train", "cat"),
    ("b", "train", "dog"),
    ("c", "val", "cat"),
    ("d", "test", "dog"),
    ("e", "train", None),
    ("f", "train", "cat"),
]
REPETITIONS = [
    Repetition(1, 0, "near", 0.75, None),
    Repetition(2, 3, "near", 0.5, "leak"),
    Repetition(5, 0, "exact", 1.0, "duplicate"),
]


@pytest.fixture
def rows() -> Ledger:
    ids, splits, labels = map(list, zip(*ROWS, strict=True))
    groups = pa.nulls(len(ROWS), pa.string())
    table = pa.table({"id": ids, "split": splits, "label": labels, "group": groups})
    return Ledger(table, open_noise("classes"), {"classes": CLASSES})


def values(table: pa.Table, name: str) -> list[tuple]:
    assert table.schema == SCHEMAS[name]
    return [tuple(row.values()) for row in table.to_pylist()]


def test_suspected_labels_the_most_doubtful_first(rows):
    rows.suspected[[0, 2, 3]] = True
    rows.quality[:] = [0.4, 0.9, 0.25, 0.4, np.nan, 0.9]
    rows.proposed[[0, 2, 3]] = [1, 1, 0]
    assert values(tables.suspected_table(rows), "suspected") == [
        ("c", "val", "cat", "dog", 0.25),
        ("a", "train", "cat", "dog", 0.4),
        ("d", "test", "dog", "cat", 0.4),
    ]


def test_duplicates_have_leaks_first(rows):
    rows.remove({2: Removal("leak", of=3), 5: Removal("duplicate", of=0)})
    assert values(tables.duplicates_table(rows, REPETITIONS), "duplicates") == [
        ("c", "val", "near", "d", "test", 0.5, True),
        ("f", "train", "exact", "a", "train", 1.0, True),
        ("b", "train", "near", "a", "train", 0.75, False),
    ]


def test_outliers_then_what_lies_farthest_from_the_others(rows, monkeypatch):
    monkeypatch.setattr(tables, "MAX_DISTANT", 2)
    rows.outliers[[1, 4]] = True
    rows.unusual[:] = [1, 9, 2, 1, 30, 1]
    rows.distance[:] = [0.25, 0.5, 0.75, 0.5, np.nan, 0.125]
    assert values(tables.outliers_table(rows), "outliers") == [
        ("e", "train", None, True, 30.0, None),
        ("b", "train", "dog", True, 9.0, 0.5),
        ("c", "val", "cat", False, 2.0, 0.75),
        ("d", "test", "dog", False, 1.0, 0.5),
    ]


def test_the_figures_of_the_contract(rows):
    duplicates = Duplicates(REPETITIONS, np.arange(6))
    rows.remove({r.row: Removal(r.reason, of=r.of) for r in REPETITIONS if r.reason})
    rows.remove({4: Removal("unusable", "unlabelled")})
    rows.suspected[[0, 1, 3]] = True
    rows.outliers[1] = True
    rows.decide({"a": Decision("a", "cat", "dog")})
    rows.noise_rate = 0.125
    found = tables.summary(rows, duplicates, None)
    assert found == {
        "examples": 3,
        "duplicates": 1,
        "leaks": 1,
        "label_issues": 2,
        "label_issues_in_test": 1,
        "sure_label_issues": 0,
        "decisions": 1,
        "relabelled": 1,
        "removed": 3,
        "estimated_noise_rate": 0.125,
        "near_duplicates": 1,
        "near_leaks": 1,
        "outliers": 1,
    }
    votes = Annotations(np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1]), np.array([0, 1, 1, 0]))
    assert tables.summary(rows, duplicates, votes) == found | {
        "annotators": 2,
        "annotations": 4,
        "agreement_alpha": -0.5,
    }
    alone = Annotations(np.array([0]), np.array([0]), np.array([0]))
    assert "agreement_alpha" not in tables.summary(rows, duplicates, alone)
