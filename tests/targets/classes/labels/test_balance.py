"""Copies are balanced by class, exactly, and examples of a class take turns."""

import numpy as np
import pytest

from pipeline.dataset.randomness import id_keys, repeat_keys
from pipeline.targets.classes.labels.balance import make_balance

LABELS = [0] * 900 + [1] * 100 + [3] * 4  # class 2 has no examples


@pytest.mark.parametrize(
    ("balance", "quotas"),
    [
        ("none", [900, 100, 0, 4]),
        ("sqrt", [717, 239, 0, 48]),
        ("full", [335, 335, 0, 334]),
    ],
)
def test_rows_by_class(balance, quotas):
    made = make_balance(LABELS, 4, balance)
    assert made.sizes.tolist() == [900, 100, 0, 4]
    assert made.quotas.tolist() == quotas
    assert made.quotas.sum() == len(LABELS)


def times_of(balance: str, copies: int) -> tuple[np.ndarray, np.ndarray]:
    labels = np.random.default_rng(0).permutation(LABELS).astype(np.int32)
    ranks = np.empty(len(labels), np.int64)
    for label in set(LABELS):
        ranks[labels == label] = np.arange((labels == label).sum())
    return labels, make_balance(LABELS, 4, balance).times(labels, ranks, copies)


@pytest.mark.parametrize("balance", ["none", "sqrt", "full"])
def test_every_copy_but_the_first_has_the_rows_of_each_class(balance):
    quotas = make_balance(LABELS, 4, balance).quotas
    labels, times = times_of(balance, copies=6)
    assert times.shape == (6, len(LABELS))
    assert (times[0] == 1).all()
    for copy in times[1:]:
        assert np.bincount(labels, weights=copy, minlength=4).tolist() == quotas.tolist()


def test_without_balance_every_example_stands_once_in_every_copy():
    assert (times_of("none", copies=4)[1] == 1).all()


@pytest.mark.parametrize("balance", ["sqrt", "full"])
@pytest.mark.parametrize("last", [2, 3, 5, 12])
def test_examples_of_a_class_take_turns(balance, last):
    labels, times = times_of(balance, copies=12)
    for label in set(LABELS):
        used = times[1:last, labels == label].sum(0)
        assert used.max() - used.min() <= 1


def test_no_examples():
    assert make_balance([], 3, "full").quotas.tolist() == [0, 0, 0]


def test_each_repeat_of_an_id_has_a_key_of_its_own():
    keys = id_keys([f"id-{number}" for number in range(100)])
    repeats = np.arange(50)
    every = repeat_keys(np.repeat(keys, 50), np.tile(repeats, 100))
    assert len(set(every.tolist())) == 5000
    assert (every[::50] == keys).all()
