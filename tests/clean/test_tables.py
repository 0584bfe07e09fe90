"""What clean found, as the tables of data/findings and the figures of reports/labels.json."""

import numpy as np
import pyarrow as pa
import pytest

from pipeline.clean import tables
from pipeline.clean.duplicates import Duplicates, Repetition
from pipeline.clean.labels import LabelCheck, check_labels
from pipeline.clean.ledger import Ledger, Removal
from pipeline.dataset.annotations import Annotations
from pipeline.dataset.findings import SCHEMAS
from pipeline.dataset.reviews import Decision

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
    return Ledger(pa.table({"id": ids, "split": splits, "label": labels, "group": groups}), CLASSES)


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


def checked(noise: list[list[float]]) -> LabelCheck:
    nothing = np.zeros(0)
    return LabelCheck(nothing, nothing > 0, nothing.astype(int), 0.0, np.array(noise), nothing)


def test_shares_of_labels_but_for_the_least(rows):
    found = tables.noise_table(rows, checked([[0.9995, 0.0005], [0.25, 0.75]]))
    assert values(found, "noise") == [
        ("cat", "cat", 0.9995),
        ("dog", "cat", 0.25),
        ("dog", "dog", 0.75),
    ]
    assert values(tables.noise_table(rows, None), "noise") == []


def test_what_there_is_to_say_of_people(rows):
    learnt = np.array([0, 1, 2])
    votes = Annotations(
        np.array([0, 0, 1, 1, 3, 3]),
        np.array([0, 1, 0, 1, 0, 1]),
        np.array([0, 1, 1, 1, 1, 1]),
        ("ada", "bo"),
    )
    check = check_labels(rows.given[learnt], np.full((3, 2), 0.5), votes.of(learnt))
    found = tables.people_tables(rows, votes, learnt, check)
    assert {name: table.schema for name, table in found.items()} == {
        name: SCHEMAS[name] for name in ("annotators", "agreement", "relabel_queue")
    }
    # `source` has what nobody else has labelled; the test example d is agreed on, not learnt.
    assert found["annotators"]["annotator"].to_pylist() == ["ada", "bo", "source"]
    assert found["annotators"]["labels"].to_pylist() == [2, 2, 1]
    assert found["agreement"]["class"].to_pylist() == CLASSES
    assert set(found["relabel_queue"]["id"].to_pylist()) <= set("abc")
    assert found["relabel_queue"]["id"][0].as_py() == "a"


def test_without_people_or_a_check_there_is_less_to_say(rows):
    learnt = np.array([0, 1, 2])
    check = check_labels(rows.given[learnt], np.full((3, 2), 0.5))
    sizes = {
        (bool(votes), bool(some)): {
            name: table.num_rows
            for name, table in tables.people_tables(rows, votes, learnt, some).items()
        }
        for votes in (None, Annotations(*[np.array([0, 0])] * 3, ("ada",)))
        for some in (None, check)
    }
    assert sizes[False, False] == {"annotators": 0, "agreement": 0, "relabel_queue": 0}
    assert sizes[False, True]["annotators"] == sizes[False, True]["agreement"] == 0
    assert sizes[True, False] == {"annotators": 0, "agreement": 2, "relabel_queue": 0}
    assert sizes[True, True]["annotators"] == 2


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
