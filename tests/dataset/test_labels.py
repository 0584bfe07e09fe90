"""Duplicates, suspected labels, and what the ledger makes of them and of people's decisions."""

import numpy as np
import pyarrow as pa
import pytest

from pipeline.dataset.labels import Annotations, LabelCheck, check_labels, find_duplicates
from pipeline.dataset.ledger import Ledger
from pipeline.dataset.reviews import Decision

CLASSES = ["cat", "dog", "bird"]


def duplicates(*rows: tuple[str, str, str]) -> dict[str, str]:
    """Reasons by id; rows are (id, split, digest)."""
    ids, splits, digests = zip(*rows, strict=True)
    return {ids[row]: reason for row, reason in find_duplicates(digests, splits, ids).items()}


def test_different_images_are_no_duplicates():
    assert duplicates(("a", "train", "1"), ("b", "train", "2"), ("c", "test", "3")) == {}


def test_of_equal_images_in_a_split_the_least_id_stays():
    rows = ("c", "train", "1"), ("a", "train", "1"), ("b", "train", "1"), ("z", "train", "2")
    assert duplicates(*rows) == {"b": "duplicate of a", "c": "duplicate of a"}


def test_of_equal_images_test_stays_before_val_before_train():
    rows = ("a", "train", "1"), ("b", "val", "1"), ("c", "test", "1")
    wanted = {
        "a": "leak: same image as c in test",
        "b": "leak: same image as c in test",
    }
    assert duplicates(*rows) == duplicates(*rows[::-1]) == wanted
    assert duplicates(*rows[:2]) == {"a": "leak: same image as b in val"}


def test_test_rows_are_never_named():
    rows = ("a", "test", "1"), ("b", "test", "1"), ("c", "train", "1")
    assert duplicates(*rows) == {"c": "leak: same image as a in test"}


def predictions(true: np.ndarray, num_classes: int = 3) -> np.ndarray:
    """Probabilities of a good model: about 0.9 for the true class."""
    random = np.random.default_rng(0)
    found = np.full((len(true), num_classes), 0.05) + random.uniform(0, 0.01, (len(true), 3))
    found[np.arange(len(true)), true] = 0.9
    return found / found.sum(1, keepdims=True)


def test_the_check_finds_exactly_the_planted_flips():
    true = np.arange(90) % 3
    given = true.copy()
    flipped = [3, 17, 40, 71]
    given[flipped] = (true[flipped] + 1) % 3
    probabilities = predictions(true)
    found = check_labels(given, probabilities)
    assert np.flatnonzero(found.is_issue).tolist() == flipped
    assert (found.proposed == true).all()
    assert ((found.quality < 0.5) == found.is_issue).all()
    assert found.noise_rate == pytest.approx(4 / 90, abs=0.01)
    np.testing.assert_allclose(found.noise.sum(1), 1)


def test_the_check_finds_nothing_where_nothing_is_wrong():
    true = np.arange(90) % 3
    found = check_labels(true, predictions(true))
    assert not found.is_issue.any()
    assert found.noise_rate == pytest.approx(0, abs=1e-3)


def test_the_check_manages_without_examples_of_a_class():
    true = np.arange(40) % 2
    given = true.copy()
    given[5] = 0
    found = check_labels(given, predictions(true))
    assert np.flatnonzero(found.is_issue).tolist() == [5]


def test_the_check_refuses_probabilities_that_are_no_numbers():
    probabilities = predictions(np.arange(9) % 3)
    probabilities[4, 1] = np.nan
    with pytest.raises(ValueError, match=r"^out-of-fold probabilities are not finite$"):
        check_labels(np.arange(9) % 3, probabilities)


def test_several_people_outvote_the_source_and_say_who_is_unsure():
    """The source follows the first annotator; the others, and the model, know better."""
    true = np.arange(300) % 3
    given = true.copy()
    flipped = np.arange(0, 300, 10)
    given[flipped] = (true[flipped] + 1) % 3
    unsure = np.full((300, 3), 1 / 3)  # no help from the model
    asked = np.arange(150)
    people = Annotations(
        np.tile(asked, 3),
        np.repeat([0, 1, 2], 150),
        np.concatenate([given[asked], *[true[asked]] * 2]),
    )
    found = check_labels(given, unsure * 0.5 + predictions(true) * 0.5, people)
    assert np.flatnonzero(found.is_issue[:150]).tolist() == flipped[:15].tolist()
    assert (found.proposed[:150] == true[:150]).all()


def test_examples_that_nobody_looked_at_again_have_their_given_label():
    true = np.arange(90) % 3
    nobody = Annotations(*[np.zeros(0, np.int64)] * 3)
    alone = check_labels(true, predictions(true))
    asked = check_labels(true, predictions(true), nobody)
    assert np.array_equal(alone.quality, asked.quality)


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
    return Ledger(table, CLASSES)


def decisions(*rows: tuple[str, str, str]) -> dict[str, Decision]:
    return {row[0]: Decision(*row) for row in rows}


def suspect(ledger: Ledger, rows: list[int], decided: set[int]) -> None:
    """Suspect the rows to be dogs of quality 0.25, as if all had been checked."""
    num = len(ledger.ids)
    found = LabelCheck(
        quality=np.where(np.isin(np.arange(num), rows), 0.25, 0.75),
        is_issue=np.isin(np.arange(num), rows),
        proposed=np.where(np.isin(np.arange(num), rows), 1, ledger.given),
        noise_rate=0.5,
        noise=np.eye(3),
    )
    ledger.suspect(np.arange(num), found, decided)


def test_the_ledger_starts_with_all_rows_as_they_are(ledger):
    assert ledger.given.tolist() == ledger.labels.tolist() == [0, 1, 2, 0, -1, 2]
    assert ledger.owners == ["a", "owner-1", "owner-1", "d", "e", "f"]
    assert ledger.split_of("train").tolist() == [True, True, False, False, True, True]
    assert ledger.kept.all()
    assert ledger.weights.tolist() == [1] * 6
    assert np.isnan(ledger.quality).all()


def test_the_first_reason_to_remove_a_row_counts(ledger):
    ledger.remove({0: "first", 1: "one"})
    ledger.remove({1: "two", 2: "three"})
    assert ledger.reasons == {0: "first", 1: "one", 2: "three"}
    assert ledger.kept.tolist() == [False, False, False, True, True, True]


def test_decisions_are_applied(ledger):
    decided = ledger.decide(
        decisions(("a", "cat", "dog"), ("b", "dog", "keep"), ("c", "bird", "drop"))
    )
    assert decided == {0, 1, 2}
    assert ledger.labels.tolist() == [1, 1, 2, 0, -1, 2]
    assert ledger.given.tolist() == [0, 1, 2, 0, -1, 2]
    assert ledger.reasons == {2: "review: drop"}


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
    assert ledger.decide(decisions(decision)) == set()
    assert ledger.reasons == {}
    assert ledger.labels.tolist() == ledger.given.tolist()


@pytest.mark.parametrize(
    ("action", "labels", "reasons", "weights"),
    [
        ("flag", [0, 1, 2, 0, -1, 2], {}, [1] * 6),
        ("drop", [0, 1, 2, 0, -1, 2], {2: "label issue", 5: "label issue"}, [1] * 6),
        ("relabel", [0, 1, 1, 0, -1, 1], {}, [1] * 6),
        ("downweight", [0, 1, 2, 0, -1, 2], {}, [1, 1, 0.25, 1, 1, 0.25]),
    ],
)
def test_suspected_labels_meet_the_action(ledger, action, labels, reasons, weights):
    """Rows 0, 2, 3 and 5 are suspected: 0 was decided by a person, 3 is a test example."""
    decided = ledger.decide(decisions(("a", "cat", "keep")))
    suspect(ledger, [0, 2, 3, 5], decided)
    ledger.act(action, decided)
    assert ledger.suspected.tolist() == [False, False, True, True, False, True]
    assert ledger.labels.tolist() == labels
    assert ledger.reasons == reasons
    assert ledger.weights.tolist() == weights


def test_a_person_wins_over_the_machine(ledger):
    decided = ledger.decide(decisions(("a", "cat", "bird")))
    suspect(ledger, [0], decided)
    ledger.act("relabel", decided)
    assert ledger.labels[0] == CLASSES.index("bird")


def test_acting_spares_what_people_decided_whenever_it_was_suspected(ledger):
    suspect(ledger, [0, 5], set())
    decided = ledger.decide(decisions(("a", "cat", "keep")))
    ledger.act("drop", decided)
    assert ledger.reasons == {5: "label issue"}
