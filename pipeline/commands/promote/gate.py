"""What the outputs of evaluate say of a candidate: against what serves, or against a baseline."""

from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.commands.compare.comparison import FAIL, INCONCLUSIVE, PASS
from pipeline.commands.compare.revisions import read_output
from pipeline.commands.promote.checks import Check
from pipeline.commands.promote.paired import check_parts, check_test_split, labels_of, slices_of
from pipeline.dataset.places import EVALUATION
from pipeline.runtime.errors import CompareError, MissingInput
from pipeline.runtime.files import as_native
from pipeline.targets.opening import open_judging
from pipeline.targets.predictions import target_of
from pipeline.targets.protocols.judging import Judging

BETTER, WORSE = "better", "worse"


def against_serving(
    judging: Judging,
    base: Any,
    candidate: Any,
    predictions: pa.Table,
    commit: str,
    *,
    tolerance: float,
    must_win: bool,
) -> list[Check]:
    """The test split, the worst label and slices, on the examples that both have.

    Args:
        base, candidate: `Predictions`.
        predictions: the table of the candidate, which has labels by name.
        commit: whose data/evaluation says by what to slice.
    """
    candidate, base = judging.align(candidate, base)
    rows = {id: row for row, id in enumerate(candidate.ids)}
    labels, examples = (_in_order(table, rows) for table in (predictions, read_examples(commit)))
    whole = check_test_split(base, candidate, judging, tolerance=tolerance, must_win=must_win)
    slices = slices_of(examples) if examples is not None else {}
    return [whole, *check_parts(base, candidate, judging, labels_of(labels), slices)]


def read_examples(commit: str) -> pa.Table | None:
    """What the test examples of a commit are sliced by; None of an earlier version of evaluate."""
    try:
        content = read_output(f"{EVALUATION}/examples.parquet", commit)
        return pq.read_table(as_native(content))
    except (CompareError, MissingInput, pa.ArrowException):
        return None


def against_baseline(commit: str, *, must_win: bool) -> Check:
    """Whether the first model is surely better than the strongest baseline, as evaluate says.

    Raises:
        MissingInput: data/evaluation of the commit is not there.
    """
    content = read_output(f"{EVALUATION}/baselines.parquet", commit)
    target = target_of(read_output(f"{EVALUATION}/predictions.parquet", commit), commit[:12])
    metric = open_judging(target).JUDGED[0]
    rows = pq.read_table(as_native(content)).to_pylist()  # the strongest first
    row = next(row for row in rows if row["metric"] == metric)
    verdict = {BETTER: PASS, WORSE: FAIL}.get(row["model_is"], INCONCLUSIVE)
    if not must_win and verdict == INCONCLUSIVE:
        verdict = PASS
    words = f"{metric} {row['model']:.4f}, that of {row['baseline']} {row['value']:.4f}; "
    words += f"{row['difference']:+.4f} ({row['low']:+.4f} to {row['high']:+.4f})"
    return Check("baseline", verdict, words)


def _in_order(table: pa.Table | None, rows: dict[str, int]) -> pa.Table | None:
    """The rows of a table with ids, in the order of these ids; None where one is not there."""
    if table is None:
        return None
    places = {id: place for place, id in enumerate(table["id"].to_pylist())}
    if not rows.keys() <= places.keys():
        return None
    return table.take(pa.array([places[id] for id in rows], pa.int64()))
