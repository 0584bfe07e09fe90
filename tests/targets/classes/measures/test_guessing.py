"""A model that guesses is called that."""

import pytest

from pipeline.targets.classes.measures.guessing import compared_with_guessing

PETS = {"cat": 60, "dog": 40}
ALWAYS = "always naming cat, the commonest class, is right on 0.6000"


@pytest.mark.parametrize(
    ("accuracy", "low", "support", "expected"),
    [
        (0.9, 0.83, PETS, None),
        (0.61, 0.6001, PETS, None),
        (0.66, 0.57, PETS, f"not for sure better than guessing: {ALWAYS}"),
        (0.6, 0.5, PETS, f"no better than guessing: {ALWAYS}"),
        (0.1, 0.05, {**PETS, "cow": 0}, f"no better than guessing: {ALWAYS}"),
        (
            1.0,
            0.9,
            {"cat": 30, "dog": 0},
            "all test examples are cat: whether it guesses cannot be told",
        ),
    ],
)
def test_compared_with_guessing(accuracy, low, support, expected):
    assert compared_with_guessing(accuracy, low, support) == expected
