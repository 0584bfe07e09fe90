"""Numbers and several labels of one example are noticed; odd names of classes are not."""

import pytest

from pipeline.targets.classes.labels.misfits import misfit


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        (
            {f"{number / 100:.2f}": 1 for number in range(37, 150)},
            "the labels look like numbers to be estimated: 0.37, 0.38, 0.39 …",
        ),
        (
            {str(number): 1 + number % 2 for number in range(300)},
            "the labels look like numbers to be estimated: 0, 1, 2 …",
        ),
        (
            {f"{number}e-3": 1 for number in range(12)},
            "the labels look like numbers to be estimated: 0e-3, 1e-3, 2e-3 …",
        ),
        (
            {"cat;dog": 3, "cat": 20, "dog": 20},
            "1 labels look like several of one example each: cat;dog",
        ),
        (
            {"cat|dog": 3, "dog|bird": 20, "bird | cat": 20},
            "3 labels look like several of one example each: cat|dog, dog|bird, bird | cat",
        ),
        (
            {"[0, 1]": 3, "[1]": 2, "[0]": 2},
            "1 labels look like several of one example each: [0, 1]",
        ),
        (
            {"scab": 9, "rust": 9, "scab rust": 2, "rust scab": 1},
            "2 labels look like several of one example each: scab rust, rust scab",
        ),
    ],
)
def test_what_is_no_class(counts, said):
    assert misfit(counts) == said


@pytest.mark.parametrize(
    "counts",
    [
        {},
        {"cat": 9, "dog": 9},
        {str(number): 20 for number in range(300)},  # people
        {"1.0": 9, "1.5": 9, "2.0": 9, "2.5": 9},  # grades
        {"0.0": 9, "1.0": 9},
        {"crane, bird": 9, "crane": 9, "tench, Tinca tinca": 9},
        {"T-shirt/top": 9, "Trouser": 9},
        {"red apple": 9, "green apple": 9, "red pear": 9, "green pear": 9},
        {"cat": 9, "maine coon": 9, "coon": 9, "1.2.3": 1},
    ],
)
def test_what_may_be_classes(counts):
    assert misfit(counts) is None
