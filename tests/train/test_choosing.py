"""Another network than the plainest is chosen where it is better by more than chance."""

import numpy as np
import pytest

from pipeline.train.choosing import choose, why


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


def test_why_says_what_held_another_back():
    first = np.full(400, 1.0)
    worse_and_better = np.tile([1.0, -1.0], 200)  # a standard error of 0.05
    assert why({"linear": first, "trees": first + worse_and_better - 0.04}) == (
        "linear is chosen on validation, by the losses linear 1.0000, trees 0.9600: trees is "
        "better by 0.0400, no more than its standard error 0.0500, and the plainest stays unless "
        "another is better by more"
    )
    assert why({"linear": first, "trees": first + worse_and_better - 0.06}) == (
        "trees is chosen on validation, by the losses linear 1.0000, trees 0.9400: trees is "
        "better by 0.0600, more than its standard error 0.0500"
    )
    assert why({"linear": first, "trees": first + 1}) == (
        "linear is chosen on validation, by the losses linear 1.0000, trees 2.0000"
    )
