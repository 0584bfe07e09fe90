"""Which examples come to people, in which order, and why."""

import numpy as np
import pyarrow as pa
import pytest

from pipeline.clean.doubts import as_queue, find_doubts
from pipeline.clean.duplicates import Repetition
from pipeline.clean.ledger import Ledger, Removal
from pipeline.dataset.annotations import Annotations
from pipeline.dataset.review.decisions import Decision
from pipeline.targets.opening import open_noise

CLASSES = ["cat", "dog", "bird"]


@pytest.fixture
def ledger() -> Ledger:
    rows = [
        (id, split, label, None)
        for id, split, label in zip(
            "abcdef",
            ["train"] * 4 + ["val", "test"],
            ["cat", "dog", "bird", "cat", "dog", None],
            strict=True,
        )
    ]
    names = ["id", "split", "label", "group"]
    table = pa.table(dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)))
    return Ledger(table, open_noise("classes"), {"classes": CLASSES})


def test_nothing_is_doubted_where_nothing_is_known(ledger):
    assert find_doubts(ledger, [], None) == {}
    assert as_queue({}, ledger, {}).num_rows == 0


def test_labels_come_by_their_quality_the_suspected_first(ledger):
    ledger.quality[:] = [0.3, 0.1, 0.79, 0.95, 0.6, np.nan]
    ledger.proposed[1] = 2
    ledger.confidence[1] = 0.85
    ledger.suspected[[0, 1]] = True
    doubts = find_doubts(ledger, [], None)
    assert list(doubts) == [1, 0, 4, 2]
    assert doubts[1].reasons == ["label"]


def test_what_models_suspect_is_listed_however_likely_it_is_right(ledger):
    """Models that guess call no label rather wrong than right; what people decided stays."""
    ledger.quality[:] = [0.9, 0.85, 0.95, 0.95, 0.7, np.nan]
    ledger.doubted[[0, 1]] = ledger.suspected[[0, 1]] = True
    ledger.suspected[1] = False
    doubts = find_doubts(ledger, [], None)
    assert list(doubts) == [0, 4, 1]
    assert [doubt.reasons for doubt in doubts.values()] == [["label"]] * 3


def test_people_who_differ_are_told_of_where_it_is_still_unclear(ledger):
    """Of a all say the same, b and c are disputed, and models have settled c."""
    ledger.quality[:] = [0.5, 0.5, 0.99, 0.99, 0.99, np.nan]
    votes = Annotations(
        np.array([0, 0, 1, 1, 1, 2, 2]),
        np.array([0, 1, 0, 1, 2, 0, 1]),
        np.array([0, 0, 2, 1, 1, 0, 2]),
    )
    doubts = find_doubts(ledger, [], votes)
    assert doubts[0].reasons == ["label"]
    assert doubts[1].reasons == ["label", "annotators"]
    assert doubts[1].votes == [("dog", 2), ("bird", 1)]
    assert not doubts[0].votes
    assert 2 not in doubts


def test_examples_that_resemble_others_are_shown_when_labels_differ_or_one_is_removed(ledger):
    ledger.remove({3: Removal("leak", of=4, similarity=0.9)}, guessed=True)
    found = [
        Repetition(1, 0, "near", 0.9, None),  # a dog that looks like a cat
        Repetition(2, 0, "exact", 1.0, "duplicate"),
        Repetition(3, 4, "near", 0.9, "leak"),
        Repetition(4, 1, "near", 0.9, None),  # both are dogs
        Repetition(0, 5, "near", 0.9, None),  # which has no label
    ]
    doubts = find_doubts(ledger, found, None)
    assert {row: doubt.reasons for row, doubt in doubts.items()} == {
        1: ["near duplicate"],
        3: ["leak", "near duplicate"],
    }
    assert {row: doubt.like for row, doubt in doubts.items()} == {1: 0, 3: 4}
    queue = as_queue(doubts, ledger, {}).select(["id", "like", "like_split", "like_label"])
    assert queue.to_pylist() == [
        {"id": "b", "like": "a", "like_split": "train", "like_label": "cat"},
        {"id": "d", "like": "e", "like_split": "val", "like_label": "dog"},
    ]


def test_the_queue_has_a_row_for_each_doubt(ledger):
    ledger.quality[:] = [0.3, np.nan, 0.9, 0.9, 0.9, np.nan]
    ledger.proposed[0] = 1
    ledger.confidence[0] = 0.6
    ledger.outliers[[0, 1, 5]] = True  # the last has no label, so that there is nothing to decide
    votes = Annotations(np.array([0, 0, 0]), np.array([0, 1, 2]), np.array([1, 2, 1]))
    queue = as_queue(find_doubts(ledger, [], votes), ledger, {0: [3, 1]}, "people")
    assert queue.to_pylist() == [
        {
            "id": "a",
            "split": "train",
            "given": "cat",
            "proposed": "dog",
            "judges": "people",
            "confidence": np.float32(0.6),
            "label_quality": np.float32(0.3),
            "reasons": ["label", "annotators", "outlier"],
            "votes": [{"label": "dog", "count": 2}, {"label": "bird", "count": 1}],
            "like": None,
            "like_split": None,
            "like_label": None,
            "neighbours": ["d", "b"],
        },
        {
            "id": "b",
            "split": "train",
            "given": "dog",
            "proposed": "dog",
            "judges": "people",
            "confidence": None,
            "label_quality": None,
            "reasons": ["outlier"],
            "votes": [],
            "like": None,
            "like_split": None,
            "like_label": None,
            "neighbours": [],
        },
    ]


def test_a_group_that_is_unusual_comes_once_and_is_decided_once():
    """Bot and radio are users; the last event of each is in test, and stays as it is."""
    splits = ["test", "train", "train", "test", "train", "val", "train"]
    table = pa.table(
        {
            "id": list("abcdefg"),
            "split": splits,
            "label": ["cat"] * 7,
            "group": ["bot"] * 3 + ["radio"] * 3 + ["eve"],
        }
    )
    rows = Ledger(table, open_noise("classes"), {"classes": CLASSES}, whole_groups=True)
    rows.outliers[:6] = True
    assert [rows.ids[row] for row in find_doubts(rows, [], None)] == ["b", "e"]
    rows.decide({"b": Decision("b", "cat", "drop"), "e": Decision("e", "cat", "keep")})
    rows.act("keep", remove_outliers=True)
    assert [rows.ids[row] for row in np.flatnonzero(rows.kept)] == ["a", "d", "e", "f", "g"]
    assert {removal.reason for removal in rows.removed.values()} == {"dropped"}
    assert len(rows.decided) == 2
