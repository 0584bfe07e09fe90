"""The history of a training on disk, a row per epoch, for the stage `report`."""

from pathlib import Path

import pyarrow as pa

from pipeline.dataset.tables import write_small_table
from pipeline.learning.fitting.selection import History


def write_history(path: Path, history: History) -> None:
    """Write all figures of each epoch: the same training, the same bytes."""
    write_small_table(path, _table(history))


def write_speed(path: Path, speed: History) -> None:
    """Write examples, seconds and examples per second; these differ from run to run."""
    rows = [
        row | {"examples_per_second": row["num_examples"] / max(row["seconds"], 1e-9)}
        for row in speed
    ]
    write_small_table(path, _table(rows))


def _table(rows: History) -> pa.Table:
    counts = ("epoch", "num_examples")
    types = {name: pa.int64() if name in counts else pa.float64() for name in rows[0]}
    return pa.table({name: pa.array([row[name] for row in rows], types[name]) for name in types})
