"""Baselines of both targets say what they are called after."""

import numpy as np
import pytest

from pipeline.targets.classes.measures.metrics import softmax
from pipeline.targets.opening import open_baseline
from pipeline.targets.protocols.baseline import BaselineInputs, Past

RANDOM = np.random.default_rng(0)
FEATURES = RANDOM.normal(size=(300, 4))
WEIGHTS = np.ones(300, np.float32)
INDEX = {"classes": ["a", "b", "c"]}


def past(last: np.ndarray) -> Past:
    return Past(last, last, last, last)


def fitted(kind: str, y, known: BaselineInputs) -> dict:
    target = open_baseline(kind)
    val = known._replace(features=known.features[:50], past=None)
    return dict(target.fit(INDEX, known, y, WEIGHTS, val, y[:50]))


def said(kind: str, name: str, arrays, known: BaselineInputs) -> np.ndarray:
    outputs = open_baseline(kind).answer(name, arrays[name], known)
    assert (outputs.dtype, len(outputs)) == (np.float32, len(known.features))
    return outputs


@pytest.mark.parametrize("num", [2, 3])
def test_majority_and_linear(num):
    y = (FEATURES[:, 0] > 0).astype(np.int64) if num == 2 else np.digitize(FEATURES[:, 0], [-1, 1])
    known = BaselineInputs(FEATURES, None)
    arrays = fitted("classes", y, known)
    assert set(arrays) == {"majority", "linear"}
    prior = softmax(said("classes", "majority", arrays, known))
    np.testing.assert_allclose(prior[0, :num], np.bincount(y) / 300, atol=0.01)
    assert (prior == prior[0]).all()
    linear = said("classes", "linear", arrays, known)
    assert linear.shape == (300, 3)
    assert (linear.argmax(1) == y).mean() > 0.9


def test_the_class_before():
    y = np.repeat([0, 1, 2], 100)
    last = np.concatenate([[np.nan], y[:-1]]).astype(float)
    known = BaselineInputs(FEATURES, past(last))
    found = softmax(said("classes", "last", fitted("classes", y, known), known))
    assert (found.argmax(1)[1:] == last[1:]).all()
    assert found[5, 0] == pytest.approx((297 + 1) / (299 + 2), abs=1e-4)


def test_numbers():
    y = FEATURES @ [3.0, 0, -1, 0] + 7
    last = np.concatenate([[np.nan], y[:-1]])
    known = BaselineInputs(FEATURES, past(last))
    arrays = fitted("numbers", y, known)
    assert set(arrays) == {"mean", "linear", "last", "ewma", "har"}
    assert said("numbers", "mean", arrays, known)[3, 0] == pytest.approx(y.mean(), rel=1e-5)
    np.testing.assert_allclose(said("numbers", "linear", arrays, known)[:, 0], y, atol=0.1)
    np.testing.assert_allclose(said("numbers", "last", arrays, known)[1:, 0], last[1:], rtol=1e-5)
    assert said("numbers", "har", arrays, known)[0, 0] == pytest.approx(y.mean(), rel=1e-5)


def test_har_learns_how_a_number_depends_on_those_before():
    y = np.zeros(300)
    for n in range(1, 300):
        y[n] = 1 + 0.8 * y[n - 1] + RANDOM.normal(0, 0.1)
    last = np.concatenate([[np.nan], y[:-1]])
    windows = [
        np.array([np.nan, *(y[max(0, n - k) : n].mean() for n in range(1, 300))]) for k in (5, 22)
    ]
    known = BaselineInputs(FEATURES, Past(last, *windows, last))
    arrays = fitted("numbers", y, known)
    error = said("numbers", "har", arrays, known)[50:, 0] - y[50:]
    assert np.sqrt((error**2).mean()) < 0.12


def test_one_class_alone_has_no_linear_one():
    assert set(fitted("classes", np.zeros(300, np.int64), BaselineInputs(FEATURES, None))) == {
        "majority"
    }
