"""Another network than the plainest is chosen where it is better by more than chance."""

import numpy as np
import pytest

from pipeline.train.choosing import choose


def losses(**means: float) -> dict[str, np.ndarray]:
    random = np.random.default_rng(0)
    return {name: random.normal(mean, 1, 400) + 5 for name, mean in means.items()}


@pytest.mark.parametrize(
    ("means", "chosen"),
    [
        ({"linear": 0.0, "trees": -1.0, "tabm": -1.5}, "tabm"),
        ({"linear": 0.0, "trees": -1.5, "tabm": -1.0}, "trees"),
        ({"linear": 0.0, "trees": 1.0, "tabm": 2.0}, "linear"),
        ({"linear": 0.0}, "linear"),
    ],
)
def test_the_best_is_chosen(means, chosen):
    assert choose(losses(**means)) == chosen


def test_the_first_stays_where_another_is_hardly_better():
    first = np.random.default_rng(0).normal(5, 1, 400)
    worse_and_better = np.tile([1.0, -1.0], 200)  # a standard error of 0.05
    assert choose({"linear": first, "tabm": first + worse_and_better - 0.04}) == "linear"
    assert choose({"linear": first, "tabm": first + worse_and_better - 0.06}) == "tabm"
    assert choose({"linear": first, "tabm": first.copy()}) == "linear"
