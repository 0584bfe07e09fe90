"""What inputs contribute, of models of which it is known."""

import numpy as np
import pytest

from pipeline.learning.contributions import (
    named_inputs,
    partial_dependence,
    permutation_importance,
    without_each,
)

RANDOM = np.random.default_rng(0)
NUM = 200
INPUTS = {
    "numbers": RANDOM.normal(size=(NUM, 2)).astype(np.float32),
    "categories": RANDOM.integers(2, 4, (NUM, 1)).astype(np.int32),
}
PREPARATION = {
    "numbers": [
        {"name": "age", "quantiles": np.linspace(-2, 2, 33).tolist()},
        {"name": "noise", "quantiles": [0.0, 1.0]},
    ],
    "categories": [{"name": "sex", "values": ["f", "m"]}],
}
AGE, NOISE, SEX = named_inputs(PREPARATION)


def answer(inputs) -> np.ndarray:
    """Three times the age, and one more for men; 0 for an age that is missing."""
    age = np.nan_to_num(inputs["numbers"][:, 0])
    return (3 * age + (inputs["categories"][:, 0] == 3))[:, None].astype(np.float32)


Y = answer(INPUTS)


def squared(outputs) -> float:
    return float(((outputs - Y) ** 2).mean())


def test_importance_is_by_how_much_the_loss_grows():
    grown = {
        which.name: np.mean(permutation_importance(answer, INPUTS, which, squared))
        for which in (AGE, NOISE, SEX)
    }
    assert grown["age"] == pytest.approx(2 * 9, rel=0.25)  # twice the variance
    assert grown["sex"] == pytest.approx(0.5, rel=0.25)
    assert grown["noise"] == 0


def test_dependence_is_what_is_said_on_average():
    found = partial_dependence(answer, INPUTS, AGE)
    assert len(found) == 11
    values = [float(name) for name, _ in found]
    means = [mean[0] for _, mean in found]
    np.testing.assert_allclose(np.diff(means) / np.diff(values), 3, rtol=1e-4)
    of_sex = dict(partial_dependence(answer, INPUTS, SEX))
    assert of_sex["m"][0] - of_sex["f"][0] == pytest.approx(1, abs=1e-5)


def test_without_an_input():
    found = without_each(answer, INPUTS, [AGE, SEX])
    np.testing.assert_allclose(found["age"][:, 0], INPUTS["categories"][:, 0] == 3)
    np.testing.assert_allclose(found["sex"][:, 0], 3 * INPUTS["numbers"][:, 0], rtol=1e-5)


def test_inputs_without_names():
    assert named_inputs({"size": [28, 28], "mean": [0.5]}) == []
