"""Several people's labels: agreement, how good annotators are, which labels to buy.

Against worked examples from the literature, planted truth and plain definitions.
"""

from collections import Counter
from itertools import permutations

import numpy as np
import pytest

from pipeline.dataset.annotations import Annotations, with_given_labels
from pipeline.targets.classes.noise.annotators import (
    Agreement,
    agreement,
    agreement_table,
    agreement_with_others,
    annotator_table,
    expected_gain,
    relabel_queue,
)
from pipeline.targets.classes.noise.labels import infer_true_labels
from pipeline.targets.classes.noise.schemas import SCHEMAS

CLASSES = ["cat", "dog", "bird"]

# Krippendorff 2011, example C: four observers, twelve units, a dot for none.
FOUR_OBSERVERS = ["1 2 3 3 2 1 4 1 2 . . .", "1 2 3 3 2 2 4 1 2 5 . 3",
                  ". 3 3 3 2 3 4 2 2 5 1 .", "1 2 3 3 2 4 4 1 2 5 1 ."]  # fmt: skip
# The same, example A: two observers, ten binary units; and B: two observers, twelve units, a to e.
TWO_BINARY = ["0 1 0 0 0 0 0 0 1 0", "1 1 1 0 0 1 0 0 0 0"]
TWO_NOMINAL = ["a a b b d c c c e d d a", "b a b b b c c c e d d d"]


def table(observers: list[str], codes: str) -> tuple[np.ndarray, np.ndarray]:
    said = [
        (row, codes.index(code))
        for line in observers
        for row, code in enumerate(line.split())
        if code != "."
    ]
    rows, labels = np.array(said).T
    return rows, labels


def by_definition(rows: np.ndarray, labels: np.ndarray, num_classes: int) -> float:
    """From the matrix of coincidences, pair by pair."""
    coincidences = np.zeros((num_classes, num_classes))
    for row in np.unique(rows):
        mine = labels[rows == row]
        for one, other in permutations(range(len(mine)), 2):
            coincidences[mine[one], mine[other]] += 1 / (len(mine) - 1)
    totals = coincidences.sum(1)
    num = totals.sum()
    observed = num - np.trace(coincidences)
    expected = (num**2 - (totals**2).sum()) / (num - 1)
    return 1 - observed / expected


@pytest.mark.parametrize(
    ("observers", "codes", "alpha"),
    [(FOUR_OBSERVERS, "12345", 0.743), (TWO_BINARY, "01", 0.095), (TWO_NOMINAL, "abcde", 0.692)],
)
def test_published_examples(observers, codes, alpha):
    assert round(agreement(*table(observers, codes), len(codes)).alpha, 3) == alpha


def test_a_class_against_the_rest_is_alpha_of_two_classes():
    random = np.random.default_rng(0)
    rows, labels = random.integers(0, 40, 150), random.integers(0, 4, 150)
    labels[labels == rows % 4] = 0
    found = agreement(rows, labels, 4)
    assert found.alpha == pytest.approx(by_definition(rows, labels, 4))
    for code, alpha in enumerate(found.by_class):
        binary = (labels == code).astype(int)
        assert alpha == pytest.approx(by_definition(rows, binary, 2))


def test_what_one_person_alone_said_is_left_out():
    rows, labels = table(FOUR_OBSERVERS, "12345")
    found = agreement(rows, labels, 5)
    assert (found.num_examples, found.num_labels) == (11, 40)
    more = agreement(np.append(rows, [90, 91]), np.append(labels, [0, 4]), 5)
    assert more == found


def test_neither_order_nor_names_of_classes_matter():
    rows, labels = table(FOUR_OBSERVERS, "12345")
    order = np.random.default_rng(0).permutation(len(rows))
    found = agreement(rows[order], 4 - labels[order], 5)
    assert found.alpha == pytest.approx(agreement(rows, labels, 5).alpha)


def test_nobody_disagrees():
    rows = np.array([0, 0, 1, 1, 1, 2, 2])
    found = agreement(rows, rows % 2, 3)
    assert found == Agreement(1.0, [1.0, 1.0, None], 3, 7)


def test_chance_is_zero_and_always_apart_is_below():
    random = np.random.default_rng(0)
    rows = np.tile(np.arange(30_000), 2)
    found = agreement(rows, random.integers(0, 3, 60_000), 3)
    assert abs(found.alpha) < 0.02
    apart = agreement(np.array([0, 0, 1, 1]), np.array([0, 1, 1, 0]), 2)
    assert apart.alpha == pytest.approx(-0.5)


@pytest.mark.parametrize(
    ("rows", "labels", "expected"),
    [
        ([0, 1, 2], [0, 1, 0], Agreement(None, [None, None], 0, 0)),  # one annotator
        ([0, 0, 1, 1], [1, 1, 1, 1], Agreement(None, [None, None], 2, 4)),  # one class
        ([], [], Agreement(None, [None, None], 0, 0)),
    ],
)
def test_where_nothing_can_be_said(rows, labels, expected):
    assert agreement(np.array(rows, int), np.array(labels, int), 2) == expected


def test_the_table_has_a_row_for_each_class():
    found = agreement(np.array([0, 0, 1, 1]), np.array([0, 1, 1, 0]), 3)
    assert agreement_table(found, CLASSES).to_pylist() == [
        {"class": "cat", "alpha": -0.5},
        {"class": "dog", "alpha": -0.5},
        {"class": "bird", "alpha": None},
    ]


def annotations(*said: tuple[int, int, int], names: tuple[str, ...]) -> Annotations:
    return Annotations(*np.array(said, np.int64).reshape(-1, 3).T, names)


def crowd(num: int, skills: dict[str, float], seed: int = 0) -> tuple[Annotations, np.ndarray]:
    """Annotators each right as often as their skill says, and the truth."""
    random = np.random.default_rng(seed)
    truth = random.integers(0, 3, num)
    rows = np.tile(np.arange(num), len(skills))
    people = np.repeat(np.arange(len(skills)), num)
    right = random.random(len(rows)) < np.array(list(skills.values()))[people]
    wrong = (truth[rows] + random.integers(1, 3, len(rows))) % 3
    return Annotations(rows, people, np.where(right, truth[rows], wrong), tuple(skills)), truth


def test_skills_and_weaknesses_are_found():
    said, truth = crowd(3000, {"ada": 0.95, "bo": 0.7, "cy": 1.0})
    is_bird = (said.annotators == 2) & (truth[said.rows] == 2)
    said.labels[is_bird] = 0  # cy calls every bird a cat
    table = annotator_table(said, np.eye(3)[truth], CLASSES)
    assert table.schema == SCHEMAS["annotators"]
    assert table["annotator"].to_pylist() == ["ada", "bo", "cy"]
    assert table["labels"].to_pylist() == [3000] * 3
    np.testing.assert_allclose(table["accuracy"], [0.95, 0.7, 2 / 3], atol=0.03)
    np.testing.assert_allclose(table["kappa"], [0.925, 0.55, 0.5], atol=0.04)
    cy = table.to_pylist()[2]
    assert cy["worst_class"] == "bird"
    assert cy["worst_class_recall"] < 0.05


def test_one_of_many_labels_proves_nothing_and_who_said_nothing_is_not_listed():
    said, truth = crowd(400, {"ada": 0.9, "bo": 0.0, "cy": 0.9})
    kept = (said.annotators != 1) | (said.rows < 1)
    said = Annotations(
        said.rows[kept], said.annotators[kept], said.labels[kept], (*said.names, "x")
    )
    rows = annotator_table(said, np.eye(3)[truth], CLASSES).to_pylist()
    assert [row["annotator"] for row in rows] == ["ada", "bo", "cy"]
    assert rows[1]["labels"] == 1
    assert rows[1]["accuracy"] == 0.0
    assert rows[1]["worst_class_recall"] > 0.7  # hardly below that of all


def test_with_a_label_for_each_example_nobody_can_agree():
    truth = np.arange(30) % 3
    said = with_given_labels(None, truth)
    [row] = annotator_table(said, np.eye(3)[truth], CLASSES).to_pylist()
    assert row == {
        "annotator": "source",
        "labels": 30,
        "agreement": None,
        "accuracy": 1.0,
        "kappa": 1.0,
        "worst_class": "cat",
        "worst_class_recall": 1.0,
    }


def test_agreement_with_the_majority_of_the_others():
    said = annotations(
        *[(0, 0, 0), (0, 1, 0), (0, 2, 1)],  # ada and bo each meet cat and dog: half
        *[(1, 0, 2), (1, 1, 2), (1, 2, 2)],  # all alike
        *[(2, 0, 1), (2, 1, 0)],  # apart
        *[(3, 2, 1)],  # alone
        names=("ada", "bo", "cy", "nobody"),
    )
    found = agreement_with_others(said, 3)
    np.testing.assert_allclose(found, [1.5 / 3, 1.5 / 3, 1 / 2, np.nan])


def test_agreement_with_the_others_is_that_of_counting():
    random = np.random.default_rng(0)
    pairs = sorted({(int(r), int(a)) for r, a in random.integers(0, (60, 9), (300, 2))})
    said = annotations(*((r, a, random.integers(0, 4)) for r, a in pairs), names=tuple("abcdefghi"))
    found = agreement_with_others(said, 4)
    for who in range(9):
        shares = []
        for row, label in zip(
            said.rows[said.annotators == who], said.labels[said.annotators == who], strict=True
        ):
            others = said.labels[(said.rows == row) & (said.annotators != who)].tolist()
            votes = Counter(others)
            top = [code for code, number in votes.items() if number == max(votes.values())]
            shares += [(label in top) / len(top)] if others else []
        assert found[who] == pytest.approx(np.mean(shares))


def test_the_gain_of_a_label_is_that_of_trying_every_answer():
    random = np.random.default_rng(0)
    posterior = random.dirichlet(np.ones(4) / 2, 200)
    confusion = 0.7 * np.eye(4) + 0.3 * random.dirichlet(np.ones(4), 4)
    expected = []
    for chances in posterior:
        after = 0.0
        for answer in range(4):
            both = chances * confusion[:, answer]
            after += both.sum() * (both / both.sum()).max()
        expected.append(after - chances.max())
    found = expected_gain(posterior, confusion)
    np.testing.assert_allclose(found, expected, atol=1e-12)
    assert (found >= 0).all()


def test_what_is_sure_and_what_nobody_can_tell_is_worth_no_label():
    confusion = np.array([[0.8, 0.2, 0.0], [0.2, 0.8, 0.0], [0.0, 0.0, 1.0]])
    sure, open_, lost = [0.99, 0.005, 0.005], [0.5, 0.5, 0.0], [1 / 3, 1 / 3, 1 / 3]
    found = expected_gain(np.array([sure, open_, lost]), confusion)
    assert found[0] == pytest.approx(0.005)  # only `bird` would be believed
    assert found[1] == pytest.approx(0.3)
    guess = expected_gain(np.array([open_]), np.full((3, 3), 1 / 3))
    assert guess[0] == pytest.approx(0)  # by one who guesses


def test_many_classes_are_looked_at_as_far_as_they_are_likely():
    random = np.random.default_rng(0)
    few = random.dirichlet(np.ones(3), 50)
    many = np.concatenate([few, np.zeros((50, 97))], 1)
    confusion = np.eye(100) * 0.7 + 0.003
    whole = confusion[:3, :3]
    np.testing.assert_allclose(
        expected_gain(many, confusion), expected_gain(few, whole), atol=1e-12
    )


def test_the_queue_names_the_best_first_and_none_that_is_sure():
    posterior = np.array([[1, 0, 0], [0.5, 0.5, 0], [0.1, 0.9, 0], [0.5, 0.5, 0], [0.3, 0.3, 0.4]])
    said = annotations((0, 0, 0), (1, 0, 0), (1, 1, 1), (4, 0, 2), names=("ada", "bo"))
    given = np.array([0, 1, 0, 0, 2])
    said = with_given_labels(said, given)
    confusion = 0.7 * np.eye(3) + 0.1
    splits = ["train", "train", "val", "test", "train"]
    arguments = list("abcde"), splits, given, said, posterior, confusion, CLASSES
    queue = relabel_queue(*arguments, limit=9)
    assert queue.schema == SCHEMAS["relabel_queue"]
    assert [tuple(row.values()) for row in queue.to_pylist()] == [
        ("e", "train", "bird", "bird", 0.4, 1, 0.4),
        ("b", "train", "dog", "cat", 0.5, 2, 0.35),
        ("d", "test", "cat", "cat", 0.5, 1, 0.35),
    ]
    assert relabel_queue(*arguments, limit=1) == queue.slice(0, 1)


def test_a_label_bought_from_the_queue_repairs_more_than_one_at_random():
    said, truth = crowd(4000, {"ada": 0.8, "bo": 0.75, "cy": 0.8})
    sharp = np.random.default_rng(2).normal(0, 1, (4000, 3)) + 1.5 * np.eye(3)[truth]
    priors = np.exp(sharp) / np.exp(sharp).sum(1, keepdims=True)

    def consensus(bought: np.ndarray):
        kept = (said.annotators < 2) | np.isin(said.rows, bought)
        return infer_true_labels(priors, said.rows[kept], said.annotators[kept], said.labels[kept])

    start = consensus(np.zeros(0, int))
    gain = expected_gain(start.posterior, start.confusion)
    chosen = np.argsort(-gain, kind="stable")[:500]
    random = np.random.default_rng(1).choice(4000, 500, replace=False)
    errors = [
        (found.posterior.argmax(1) != truth).sum()
        for found in (start, consensus(chosen), consensus(random))
    ]
    assert errors[0] - errors[1] > 2 * (errors[0] - errors[2])
