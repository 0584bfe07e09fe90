"""Wrong numbers are found among residuals, and right ones are left alone."""

import numpy as np
import pyarrow as pa
import pytest
from sklearn.metrics import average_precision_score

from pipeline.dataset.annotations import Annotations
from pipeline.targets.numbers.noise.interface import (
    as_text,
    as_y,
    check_labels,
    code_of,
    differ,
    find_doubts,
    read_labels,
)
from pipeline.targets.protocols.noise import Evidence

INDEX = {"scale": "standard", "mean": 0.0, "std": 1.0}
NOTHING = Evidence(np.zeros(0), np.zeros((2, 0, 1), np.float32), None)


def problem(share: float, residual: float, num: int = 2000, seed: int = 0):
    """Numbers around 500, some of them those of other examples, and what networks say."""
    random = np.random.default_rng(seed)
    signal = random.normal(0, 1, num)
    right = 500 + 80 * (signal + residual * random.standard_t(5, num))
    is_wrong = random.random(num) < share
    given = np.where(is_wrong, random.permutation(right), right)
    outputs = ((500 + 80 * signal - np.median(given)) / scale_of(given)).astype(np.float32)
    return given, outputs[:, None], is_wrong


def scale_of(values: np.ndarray) -> float:
    quarter, three_quarters = np.quantile(values, [0.25, 0.75])
    return float(three_quarters - quarter) / 1.349


def test_planted_wrong_numbers_are_found():
    given, outputs, is_wrong = problem(0.05, 0.1)
    check, _ = check_labels(Evidence(given, outputs, None), NOTHING, INDEX)
    residuals = np.abs((given - np.median(given)) / scale_of(given) - outputs[:, 0])
    best = average_precision_score(is_wrong, residuals)  # who lies within the noise, none can tell
    assert average_precision_score(is_wrong, 1 - check.quality) > max(0.75, best - 0.02)
    assert check.noise_rate == pytest.approx(0.05, abs=0.02)
    assert is_wrong[check.is_issue].mean() > 0.8
    assert np.median(check.proposed) == pytest.approx(500, abs=10)


def test_where_networks_know_nothing_hardly_a_number_is_doubted():
    random = np.random.default_rng(0)
    given = random.normal(0, 1, 1000)
    outputs = np.zeros((1000, 1), np.float32)
    check, _ = check_labels(Evidence(given, outputs, None), NOTHING, INDEX)
    assert check.is_issue.mean() < 0.01


def test_clean_numbers_are_left_alone():
    given, outputs, _ = problem(0.0, 0.3)
    check, _ = check_labels(Evidence(given, outputs, None), NOTHING, INDEX)
    assert check.is_issue.mean() < 0.01


def test_of_several_people_the_median_counts():
    given = np.array([10.0, 20.0, 30.0, 400.0])
    rows = np.repeat(np.arange(4), 3)
    labels = np.array([10, 10, 11, 20, 21, 20, 30, 30, 29, 40, 41, 39], np.float64)
    people = Annotations(rows, np.tile([0, 1, 2], 4), labels, ("a", "b", "c"))
    check, _ = check_labels(Evidence(given, None, people), Evidence(given[:0], None, None), INDEX)
    assert check.proposed[3] == 40
    assert check.quality.argmin() == 3
    doubts = find_doubts(np.full(4, np.nan), people, INDEX)
    assert doubts[0].votes == [("10", 2), ("11", 1)]


def test_codes_are_the_numbers_themselves():
    values = pa.chunked_array([pa.array([0.1, None, 1e20, -3.0])])
    given = read_labels(values, INDEX)
    assert given.known.tolist() == [True, False, True, True]
    texts = as_text(given.codes[given.known], INDEX)
    assert texts == ["0.1", "1e+20", "-3"]
    assert [code_of(text, INDEX) for text in texts] == [0.1, 1e20, -3.0]
    written = read_labels(pa.chunked_array([pa.array(["2.5", "much"])]), INDEX)
    assert written.known.tolist() == [True, False]
    y = as_y(np.array([1.0, 2.0, 3.0, 4.0, 1e9]))
    assert np.abs(y[:4]).max() < 2  # one wrong number hardly moves the units
    one, other = np.array([100.0, 100.0, 0.0, -1.0]), np.array([104.0, 106.0, 0.0, 1.0])
    assert differ(one, other).tolist() == [False, True, False, True]
