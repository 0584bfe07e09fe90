"""The ledger of cleaning: what people and machines decide about each example."""

import numpy as np
import pyarrow as pa
import pytest

from pipeline.clean.ledger import Ledger, Removal
from pipeline.dataset.review.decisions import Decision
from pipeline.targets.classes.noise.labels import LabelCheck
from pipeline.targets.opening import open_noise

CLASSES = ["cat", "dog", "bird"]
ROWS = [
    ("a", "train", "cat", None),
    ("b", "train", "dog", "owner-1"),
    ("c", "val", "bird", "owner-1"),
    ("d", "test", "cat", None),
    ("e", "train", None, None),
    ("f", "train", "bird", None),
]


@pytest.fixture
def ledger() -> Ledger:
    names = ["id", "split", "label", "group"]
    table = pa.table(dict(zip(names, map(list, zip(*ROWS, strict=True)), strict=True)))
    return Ledger(table, open_noise("classes"), {"classes": CLASSES})


def decisions(*rows: tuple[str, str, str]) -> dict[str, Decision]:
    return {row[0]: Decision(*row) for row in rows}


def suspect(ledger: Ledger, rows: list[int]) -> None:
    """Suspect the rows to be dogs of quality 0.25, as if all had been checked."""
    num = len(ledger.ids)
    found = LabelCheck(
        quality=np.where(np.isin(np.arange(num), rows), 0.25, 0.75),
        is_issue=np.isin(np.arange(num), rows),
        proposed=np.where(np.isin(np.arange(num), rows), 1, ledger.given),
        noise_rate=0.5,
        noise=np.eye(3),
        posterior=np.zeros((num, 3)),
    )
    ledger.suspect(np.arange(num), found)


def test_what_is_suspected_and_not_sure_is_marked_alone(ledger):
    """Nothing is weighed, relabelled or removed for a check that cannot be relied on."""
    num = len(ledger.ids)
    unsure = LabelCheck(
        quality=np.full(num, 0.25),
        is_issue=np.ones(num, bool),
        proposed=np.ones(num, np.int64),
        noise_rate=None,
        noise=np.eye(3),
        posterior=np.full((num, 3), 1 / 3),
        confirmed=np.arange(num) == 5,
    )
    for action, labels in (("downweight", 2), ("relabel", 1), ("drop", 2)):
        ledger.removed.clear()
        ledger.suspect(np.arange(num), unsure)
        ledger.act(action, remove_outliers=False)
        assert ledger.marked.tolist() == [True, True, True, False, True, True]
        assert ledger.weights.tolist() == [1, 1, 1, 1, 1, 0.25]
        assert ledger.labels.tolist() == [0, 1, 2, 0, -1, labels]
        assert sorted(ledger.removed) == ([5] if action == "drop" else [])
        ledger.labels[:] = ledger.given


def test_a_label_without_a_quality_was_not_judged(ledger):
    assert not ledger.judged.any()
    ledger.quality[1] = 0.5
    assert np.flatnonzero(ledger.judged).tolist() == [1]


def test_the_ledger_starts_with_all_rows_as_they_are(ledger):
    assert ledger.given.tolist() == ledger.labels.tolist() == [0, 1, 2, 0, -1, 2]
    assert ledger.labelled.tolist() == [True] * 4 + [False, True]
    assert ledger.text(ledger.given[:3]) == CLASSES
    assert ledger.owners == ["a", "owner-1", "owner-1", "d", "e", "f"]
    assert ledger.split_of("train").tolist() == [True, True, False, False, True, True]
    assert ledger.kept.all()
    assert ledger.weights.tolist() == [1] * 6
    assert np.isnan(ledger.quality).all()


def test_the_first_reason_to_remove_a_row_counts(ledger):
    first, one = Removal("unusable", "blank"), Removal("duplicate", of=5, similarity=1.0)
    two, three = Removal("leak", of=3, similarity=0.9), Removal("outlier")
    ledger.remove({0: first, 1: one})
    ledger.remove({1: two, 2: three})
    assert ledger.removed == {0: first, 1: one, 2: three}
    assert ledger.kept.tolist() == [False, False, False, True, True, True]


def test_decisions_are_applied(ledger):
    ledger.decide(decisions(("a", "cat", "dog"), ("b", "dog", "keep"), ("c", "bird", "drop")))
    assert ledger.decided == {0, 1, 2}
    assert ledger.labels.tolist() == [1, 1, 2, 0, -1, 2]
    assert ledger.given.tolist() == [0, 1, 2, 0, -1, 2]
    assert ledger.removed == {2: Removal("dropped")}


@pytest.mark.parametrize(
    "decision",
    [
        ("gone", "cat", "drop"),
        ("a", "dog", "drop"),  # the source has changed the label since
        ("d", "cat", "dog"),  # a test example
        ("e", "bird", "drop"),  # has no label, so was not decided on with one
    ],
    ids=lambda decision: decision[0],
)
def test_decisions_that_no_longer_apply_are_left_out(ledger, decision):
    ledger.decide(decisions(decision))
    assert ledger.decided == set()
    assert ledger.removed == {}
    assert ledger.labels.tolist() == ledger.given.tolist()


@pytest.mark.parametrize(
    ("action", "labels", "removed", "weights"),
    [
        ("keep", [0, 1, 2, 0, -1, 2], {}, [1] * 6),
        ("flag", [0, 1, 2, 0, -1, 2], {}, [1] * 6),
        ("drop", [0, 1, 2, 0, -1, 2], {2: Removal("label"), 5: Removal("label")}, [1] * 6),
        ("relabel", [0, 1, 1, 0, -1, 1], {}, [1] * 6),
        ("downweight", [0, 1, 2, 0, -1, 2], {}, [1, 1, 0.25, 1, 1, 0.25]),
    ],
)
def test_suspected_labels_meet_the_action(ledger, action, labels, removed, weights):
    """Rows 0, 2, 3 and 5 are suspected: 0 was decided by a person, 3 is a test example."""
    suspect(ledger, [0, 2, 3, 5])
    ledger.decide(decisions(("a", "cat", "keep")))
    ledger.act(action, remove_outliers=False)
    assert ledger.suspected.tolist() == [False, False, True, True, False, True]
    assert ledger.marked.tolist() == [
        False,
        False,
        action != "keep",
        False,
        False,
        action != "keep",
    ]
    assert ledger.labels.tolist() == labels
    assert ledger.removed == removed
    assert ledger.weights.tolist() == weights


def test_a_person_wins_over_the_machine(ledger):
    suspect(ledger, [0])
    ledger.decide(decisions(("a", "cat", "bird")))
    ledger.act("relabel", remove_outliers=False)
    assert ledger.labels[0] == CLASSES.index("bird")


@pytest.mark.parametrize("decision", ["keep", "dog"])
def test_a_person_brings_back_what_a_machine_removed_on_a_guess(ledger, decision):
    ledger.remove({0: Removal("leak", of=3, similarity=0.9)}, guessed=True)
    ledger.remove({5: Removal("duplicate", of=2, similarity=1.0)})
    ledger.decide(decisions(("a", "cat", decision), ("f", "bird", decision)))
    assert ledger.removed == {5: Removal("duplicate", of=2, similarity=1.0)}


def test_outliers_are_removed_only_if_asked_and_never_from_test_or_against_a_decision(ledger):
    ledger.outliers[[0, 1, 3, 5]] = True
    ledger.decide(decisions(("a", "cat", "keep")))
    ledger.act("flag", remove_outliers=False)
    assert ledger.removed == {}
    ledger.act("flag", remove_outliers=True)
    assert ledger.removed == {1: Removal("outlier"), 5: Removal("outlier")}
