"""A model beside the baselines that were fitted to the same train, and whether it is surely better.

Surely means: the 95 % interval of the difference, by the bootstrap over the same examples, leaves
out no difference at all. Examples in groups are drawn by whole groups; in time, by blocks of
consecutive times, and the test of Diebold and Mariano has to agree.
"""

import io
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from scipy import sparse  # type: ignore[import-untyped]

from pipeline.dataset.arrays import Float32
from pipeline.targets.bootstrap import bootstrap_sums, percentile_interval
from pipeline.targets.by_example import by_example
from pipeline.targets.forecasts import diebold_mariano, independent_owners
from pipeline.targets.protocols.judging import (
    Answers,
    Evaluation,
    Judging,
    Stressed,
    TestSplit,
    TestTimes,
)
from pipeline.targets.protocols.labels import TargetIndex

BETTER, WORSE, UNSURE = "better", "worse", "not surely"
MIN_T = 1.96

SCHEMA = pa.schema(
    [
        ("baseline", pa.string()),
        ("metric", pa.string()),
        ("value", pa.float64()),
        ("model", pa.float64()),
        ("difference", pa.float64()),  # model less baseline
        ("low", pa.float64()),
        ("high", pa.float64()),
        ("diebold_mariano", pa.float64()),  # null where there is no time
        ("model_is", pa.string()),  # better, worse, not surely
    ]
)
"""The schema of the table `baselines` of data/evaluation."""


class Against(NamedTuple):
    """The model beside all baselines."""

    metrics: dict[str, float | str]
    """Figures for reports/metrics.json, of the strongest one by the first metric judged."""
    table: pa.Table
    """Rows in SCHEMA, the strongest first."""
    sentence: str


def against_baselines(
    judging: Judging,
    index: TargetIndex,
    test: TestSplit,
    of_model: Evaluation,
    baselines: Mapping[str, tuple[Float32, Answers]],
) -> Against:
    """Compare a model with baselines.

    Args:
        of_model: what evaluating it gave.
        baselines: by name the outputs for the test split and for validation, one at least.
    """
    ours = judging.scores(_predictions(judging, of_model))
    first = judging.JUDGED[0]
    found: dict[str, tuple[list[dict[str, Any]], Evaluation]] = {}
    for name, (outputs, validation) in baselines.items():
        nothing = Stressed(np.zeros(0, np.int64), iter(()))
        evaluation = judging.evaluate(index, test, outputs, validation, nothing)
        theirs = judging.scores(_predictions(judging, evaluation))
        rows = [{"baseline": name} | row for row in _compared(judging, test, ours, theirs)]
        found[name] = rows, evaluation

    def strength(name: str) -> float:
        row = next(row for row in found[name][0] if row["metric"] == first)
        return -judging.GOOD[first] * float(row["value"])

    ordered = sorted(found, key=strength)
    rows = [row for name in ordered for row in found[name][0]]
    strongest, evaluation = ordered[0], found[ordered[0]][1]
    verdict = next(row for row in found[strongest][0] if row["metric"] == first)
    metrics: dict[str, float | str] = {
        f"baseline_{key}": value
        for key, value in evaluation.metrics.items()
        if key in judging.GOOD or key in judging.BESIDE
    }
    metrics |= {"baseline": strongest, "against_baseline": verdict["model_is"]}
    sure = {
        BETTER: "surely better",
        WORSE: "surely worse",
        UNSURE: "not surely better",
    }[verdict["model_is"]]
    sentence = (
        f"{sure} than the baseline {strongest}: {first} {verdict['model']:.4f}, its "
        f"{verdict['value']:.4f}"
    )
    return Against(metrics, pa.Table.from_pylist(rows, SCHEMA), sentence)


def _predictions(judging: Judging, evaluation: Evaluation) -> Any:
    stream = io.BytesIO()
    pq.write_table(evaluation.tables["predictions"], stream)
    return judging.read_predictions(stream.getvalue(), "this run")


def _compared(
    judging: Judging, test: TestSplit, ours: sparse.csr_array, theirs: sparse.csr_array
) -> list[dict[str, Any]]:
    times = test.times
    owners = independent_owners(test)
    both = sparse.hstack([ours, theirs], format="csr")
    drawn = [judging.metrics_of(part) for part in np.split(bootstrap_sums(both, 0, owners), 2, 1)]
    values = [judging.metrics_of(np.asarray(part.sum(0))) for part in (ours, theirs)]
    rows = []
    for metric, good in judging.GOOD.items():
        low, high = percentile_interval(drawn[0][metric] - drawn[1][metric])
        gains = (low, high) if good > 0 else (-high, -low)
        verdict = BETTER if gains[0] > 0 else WORSE if gains[1] < 0 else UNSURE
        t = None
        if times is not None:
            t = _diebold_mariano(judging, metric, ours, theirs, times)
            if t is not None and not abs(t) >= MIN_T:
                verdict = UNSURE
        rows.append(
            {
                "metric": metric,
                "value": float(values[1][metric]),
                "model": float(values[0][metric]),
                "difference": float(values[0][metric] - values[1][metric]),
                "low": low,
                "high": high,
                "diebold_mariano": t if t is not None and np.isfinite(t) else None,
                "model_is": verdict,
            }
        )
    return rows


def _diebold_mariano(
    judging: Judging,
    metric: str,
    ours: sparse.csr_array,
    theirs: sparse.csr_array,
    times: TestTimes,
) -> float | None:
    """The t value of the difference of a metric of each example, the less the better.

    None of a metric that is no mean over examples.
    """
    values = [by_example(judging, metric, scores) for scores in (ours, theirs)]
    if any(value is None for value in values):
        return None
    one, other = (-judging.GOOD[metric] * value for value in values if value is not None)
    return diebold_mariano(one, other, times.ordinals, times.horizon)
