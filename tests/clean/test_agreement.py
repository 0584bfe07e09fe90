"""Krippendorff's alpha, against worked examples from the literature and a plain definition."""

from itertools import permutations

import numpy as np
import pytest

from pipeline.clean.annotators import Agreement, agreement, agreement_rows

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
    assert agreement_rows(found, ["cat", "dog", "bird"]) == [
        ["class", "alpha"],
        ["cat", "-0.500000"],
        ["dog", "-0.500000"],
        ["bird", ""],
    ]
