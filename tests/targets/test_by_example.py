"""Values of a metric by example, where it is a mean over examples."""

import numpy as np
import pytest

from pipeline.targets.by_example import by_example
from pipeline.targets.classes.judging import interface as classes
from pipeline.targets.classes.judging.predictions import Predictions
from pipeline.targets.numbers.judging import interface as numbers
from pipeline.targets.numbers.judging.predictions import Predictions as Numbers

NUM = 1300


def test_accuracy_is_a_mean_and_f1_is_none():
    random = np.random.default_rng(0)
    probabilities = random.dirichlet(np.ones(3), NUM).astype(np.float32)
    labels = random.integers(0, 3, NUM)
    ids = [str(n) for n in range(NUM)]
    scores = classes.scores(Predictions(ids, [None] * NUM, ["a", "b", "c"], labels, probabilities))
    values = by_example(classes, "accuracy", scores)
    assert values is not None
    assert values.tolist() == (probabilities.argmax(1) == labels).astype(float).tolist()
    assert by_example(classes, "f1_macro", scores) is None


def test_of_numbers_the_absolute_error_is_a_mean_and_its_square_root_is_none():
    random = np.random.default_rng(0)
    target, predicted = random.normal(size=(2, NUM))
    ids = [str(n) for n in range(NUM)]
    scores = numbers.scores(
        Numbers(ids, [None] * NUM, target, predicted, predicted - 1, predicted + 1)
    )
    values = by_example(numbers, "mae", scores)
    assert values == pytest.approx(np.abs(predicted - target))
    assert by_example(numbers, "rmse", scores) is None
