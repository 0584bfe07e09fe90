"""Figures of slices and the gaps between them are those of scikit-learn and of fairlearn."""

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, recall_score

from pipeline.targets.gaps import Rate, gaps_table, parts_of

NUM = 400
RANDOM = np.random.default_rng(0)
SEX = RANDOM.choice(["f", "m"], NUM).tolist()
ILL = RANDOM.random(NUM) < 0.4
SAID = np.where(RANDOM.random(NUM) < np.where(np.array(SEX) == "f", 0.9, 0.7), ILL, ~ILL)
RIGHT = SAID == ILL
RATES = [
    Rate("accuracy", RIGHT.astype(float), np.ones(NUM, bool)),
    Rate("sensitivity", SAID.astype(float), ILL),
]


def rows(values=None, owners=None) -> dict:
    table = gaps_table(values or {"sex": SEX}, RATES, owners)
    return {(row["rate"], row["value"]): row for row in table.to_pylist()}


def test_figures_are_those_of_scikit_learn():
    found = rows()
    for value in "fm":
        some = np.array(SEX) == value
        accuracy = accuracy_score(ILL[some], SAID[some])
        assert found["accuracy", value]["mean"] == pytest.approx(accuracy)
        recall = recall_score(ILL[some], SAID[some])
        assert found["sensitivity", value]["mean"] == pytest.approx(recall)
        assert found["sensitivity", value]["count"] == (some & ILL).sum()


def test_gaps_are_those_of_fairlearn():
    """equal_opportunity_difference: the largest true positive rate less the least."""
    found = rows()
    rates = [recall_score(ILL[part], SAID[part]) for part in parts_of(SEX).values()]
    gap = found["sensitivity", None]
    assert gap["mean"] == pytest.approx(max(rates) - min(rates))
    assert gap["low"] < gap["mean"] < gap["high"]
    fairlearn = pytest.importorskip("fairlearn.metrics", reason="fairlearn is not installed")
    expected = fairlearn.true_positive_rate_difference(ILL, SAID, sensitive_features=SEX)
    assert gap["mean"] == pytest.approx(expected)


def test_intervals_are_wider_by_whole_groups():
    owners = np.arange(NUM) // 40
    alone, grouped = rows()["accuracy", "f"], rows(owners=owners)["accuracy", "f"]
    assert alone["mean"] == grouped["mean"]
    assert (alone["low"], alone["high"]) != (grouped["low"], grouped["high"])


def test_many_numbers_are_cut_into_quarters():
    ages = [str(n) for n in range(100)]
    parts = parts_of(ages)
    assert list(parts) == ["0 to 24.75", "24.75 to 49.5", "49.5 to 74.25", "74.25 to 99"]
    assert [int(part.sum()) for part in parts.values()] == [25] * 4


def test_what_is_missing_or_rare_is_in_no_slice():
    found = {name: int(part.sum()) for name, part in parts_of(["a", None, "b", "a"]).items()}
    assert found == {"a": 2, "b": 1}
    few = rows({"site": ["here"] * 395 + ["there"] * 5})
    assert set(few) == {("accuracy", "here"), ("sensitivity", "here")}
