"""Rows that are the same but for one column, where that is no chance."""

import numpy as np

from pipeline.modalities.tables.compare.interface import distances, find_pairs, tells_apart
from pipeline.modalities.tables.compare.loading import LoadedRows
from tests.modalities.test_contract_networks import progress


def loaded(numbers, codes=None):
    num = len(numbers)
    codes = np.zeros((num, 0), np.int32) if codes is None else codes
    return LoadedRows(numbers, codes, [], [[""]] * codes.shape[1])


def pairs_of(rows):
    num = len(rows.numbers)
    found, _ = find_pairs(rows, np.arange(num), np.zeros(num, np.int64), progress)
    return list(zip(found.first.tolist(), found.second.tolist(), strict=True))


def test_rows_that_differ_in_one_column_are_found_and_no_others():
    random = np.random.default_rng(0)
    numbers = random.normal(size=(300, 6)).round(3)
    numbers[7] = numbers[200]
    numbers[7, 5] += 1  # in the second half
    numbers[11] = numbers[150]
    numbers[11, 0] = np.nan  # in the first half
    numbers[20] = numbers[40]
    numbers[20, [1, 4]] += 1  # two columns
    assert pairs_of(loaded(numbers)) == [(7, 200), (11, 150)]


def test_rows_of_few_values_are_alike_by_chance():
    random = np.random.default_rng(0)
    codes = random.integers(0, 3, size=(500, 5)).astype(np.int32)
    rows = loaded(np.zeros((500, 0)), codes)
    assert pairs_of(rows) == []
    assert not tells_apart(rows).any()


def test_rows_of_many_values_tell_apart():
    rows = loaded(np.random.default_rng(0).normal(size=(500, 5)))
    assert tells_apart(rows).all()


def test_a_row_with_many_gaps_is_unusual():
    missing = np.full(100, 0.1)
    missing[3] = 0.9
    found = distances({"missing": missing})
    assert found.argmax() == 3
    assert found[3] > 6
    assert (np.delete(found, 3) == 0).all()
