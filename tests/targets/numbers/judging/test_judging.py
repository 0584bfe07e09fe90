"""Metrics against scikit-learn's, and intervals that hold what they promise."""

import numpy as np
import pytest
from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error

from pipeline.targets.numbers.judging.interface import evaluate, metrics_of, read_predictions
from pipeline.targets.numbers.judging.predictions import Predictions
from pipeline.targets.numbers.judging.scores import example_scores
from pipeline.targets.numbers.measures.conformal import LEVEL, half_width
from pipeline.targets.protocols.judging import Answers, Stressed
from pipeline.targets.protocols.judging import TestSplit as Split

NOTHING = Stressed(np.array([], np.int64), iter([]))


def split_of(y: np.ndarray) -> Split:
    num = len(y)
    no = np.zeros(num, bool)
    return Split([f"e{row}" for row in range(num)], y, [None] * num, {}, no)


def test_metrics_are_those_of_scikit_learn():
    random = np.random.default_rng(0)
    target = random.normal(1e6, 3, 500)
    predicted = target + random.normal(0.5, 1, 500)
    given = Predictions([""] * 500, [None] * 500, target, predicted, predicted - 1, predicted + 1)
    found = metrics_of(np.asarray(example_scores(given).sum(0)))
    assert found["mae"] == pytest.approx(mean_absolute_error(target, predicted))
    assert found["rmse"] == pytest.approx(root_mean_squared_error(target, predicted))
    assert found["r2"] == pytest.approx(r2_score(target, predicted))
    assert found["coverage"] == np.mean(np.abs(predicted - target) <= 1)
    assert found["interval_width"] == pytest.approx(2)


def test_where_nothing_varies_r2_says_nothing():
    same = np.full(5, 0.1)
    given = Predictions([""] * 5, [None] * 5, same, same + 1, same, same)
    assert metrics_of(np.asarray(example_scores(given).sum(0)))["r2"] == 0


def test_intervals_hold_their_share():
    """Of 200 draws of 99 validation and 400 test examples: exactly 0.9 is expected."""
    random = np.random.default_rng(0)
    shares = []
    for _ in range(200):
        half = half_width(random.standard_t(3, 99))
        shares.append(np.mean(np.abs(random.standard_t(3, 400)) <= half))
    assert np.mean(shares) == pytest.approx(LEVEL, abs=0.01)


def test_of_few_examples_the_largest_residual_counts():
    assert half_width(np.array([1.0, -4.0, 2.0])) == 4.0
    assert half_width(np.arange(1.0, 10.0)) == 9.0
    assert half_width(np.arange(1.0, 20.0)) == 18.0


@pytest.mark.parametrize("scale", ["standard", "log"])
def test_an_evaluation_is_in_the_units_of_the_source(scale):
    random = np.random.default_rng(1)
    index = {"scale": scale, "mean": 3.0, "std": 2.0 if scale == "standard" else 1.0}
    y = random.normal(0, 1, 300).astype(np.float32)
    outputs = (y + random.normal(0, 0.3, 300))[:, None].astype(np.float32)
    val = random.normal(0, 1, 200).astype(np.float32)
    said = (val + random.normal(0, 0.3, 200))[:, None].astype(np.float32)
    found = evaluate(index, split_of(y), outputs, Answers(said, val), NOTHING)
    back = (lambda v: v * 2 + 3) if scale == "standard" else (lambda v: np.exp(v + 3))
    errors = np.abs(back(outputs[:, 0].astype(np.float64)) - back(y.astype(np.float64)))
    assert found.metrics["mae"] == pytest.approx(errors.mean())
    assert found.tables["mistakes"]["id"][0].as_py() == f"e{errors.argmax()}"
    assert 0.85 < found.metrics["coverage"] < 0.96
    table = found.tables["predictions"]
    assert table["target"].to_numpy() == pytest.approx(back(y.astype(np.float64)))
    assert (table["low"].to_numpy() < table["predicted"].to_numpy()).all()
    if scale == "log":
        assert (table["low"].to_numpy() > 0).all()


def test_predictions_of_another_version(tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    from pipeline.runtime.errors import CompareError

    pq.write_table(pa.table({"id": ["a"], "group": ["b"]}), tmp_path / "a.parquet")
    with pytest.raises(CompareError, match="another version of this project"):
        read_predictions((tmp_path / "a.parquet").read_bytes(), "main")
