"""Several people's labels: that of most counts, of equals the first."""

import numpy as np
import pyarrow as pa

from pipeline.targets.classes.labels.voting import majority_vote, vote


def test_votes_are_names():
    rows = np.array([1, 1, 3])
    voted = vote(rows, pa.array(["dog", "cat", "cat"]), 4, {"classes": ["cat", "dog"]})
    assert voted.to_pylist() == [None, "dog", None, "cat"]


def test_the_majority_and_of_equals_the_first():
    rows = np.array([2, 0, 0, 2, 0, 3, 3])
    labels = np.array([1, 2, 0, 0, 0, 2, 1])
    assert majority_vote(rows, labels, 5, 3).tolist() == [0, -1, 1, 2, -1]
    assert majority_vote(rows[:0], labels[:0], 2, 3).tolist() == [-1, -1]


def test_the_majority_is_that_of_counting():
    random = np.random.default_rng(0)
    rows, labels = random.integers(0, 200, 2000), random.integers(0, 7, 2000)
    found = majority_vote(rows, labels, 200, 7)
    for row in range(200):
        mine = labels[rows == row].tolist()
        assert found[row] == max(mine, key=lambda label: (mine.count(label), -mine.index(label)))
