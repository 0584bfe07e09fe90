"""The review queue: the examples that people should look at, the most doubtful first.

clean writes it beside its tables; `commands.review` shows it.
"""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.dataset.table import write_examples
from pipeline.runtime.errors import MissingInput

QUEUE_FILE = "review_queue.parquet"  # in data/clean
REASONS = ("label", "annotators", "near duplicate", "leak", "outlier")
MAX_NEIGHBOURS = 8

REVIEW_QUEUE_SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("split", pa.string(), nullable=False),
        pa.field("given", pa.string(), nullable=False),  # label as the source has it
        pa.field("proposed", pa.string(), nullable=False),  # the given one when none is better
        pa.field("label_quality", pa.float32()),  # 0 surely wrong to 1 surely right; or null
        pa.field("reasons", pa.list_(pa.string()), nullable=False),  # out of REASONS
        pa.field("why", pa.string(), nullable=False),  # one sentence for people
        pa.field("neighbours", pa.list_(pa.string()), nullable=False),  # ids of similar examples
    ]
)


def write_queue(folder: Path, table: pa.Table) -> None:
    """Write a table of REVIEW_QUEUE_SCHEMA into the folder data/clean."""
    fault = fault_of(table)
    assert fault is None, f"the review queue {fault}"
    write_examples(table, folder / QUEUE_FILE)


def read_queue(folder: Path) -> pa.Table:
    """The review queue of the folder data/clean, in its order.

    Raises:
        MissingInput: it is missing, damaged, or no review queue.
    """
    path = folder / QUEUE_FILE
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            table = file.read()
    except FileNotFoundError:
        raise MissingInput(f"{path} does not exist", fix="dvc repro clean") from None
    except (OSError, pa.ArrowException) as error:
        raise MissingInput(
            f"{path} is damaged: {error}", fix=f"rm {path}, then dvc repro clean"
        ) from None
    fault = fault_of(table)
    if fault is not None:
        raise MissingInput(f"{path} {fault}", fix=f"rm {path}, then dvc repro clean")
    return table


def fault_of(table: pa.Table) -> str | None:
    """What is wrong with a review queue, to follow its name; None when it is as it should be."""
    if table.schema != REVIEW_QUEUE_SCHEMA:
        expected, found = _columns(REVIEW_QUEUE_SCHEMA), _columns(table.schema)
        return f"must have the columns {expected}; found {found}"
    for field in REVIEW_QUEUE_SCHEMA:
        if not field.nullable and table[field.name].null_count:
            return f"has rows without {field.name}"
    if pc.count_distinct(table["id"]).as_py() != table.num_rows:
        return "has an id twice"
    quality = table["label_quality"].drop_null().to_numpy()
    if not np.all((quality >= 0) & (quality <= 1)):  # NaN is neither
        return "has a label_quality that is not from 0 to 1"
    for reason in pc.unique(pc.list_flatten(table["reasons"])).to_pylist():
        if reason not in REASONS:
            return f"has the reason {reason!r}, expected one of {', '.join(REASONS)}"
    if (pc.max(pc.list_value_length(table["neighbours"])).as_py() or 0) > MAX_NEIGHBOURS:
        return f"has more than {MAX_NEIGHBOURS} neighbours of an example"
    return None


def _columns(schema: pa.Schema) -> str:
    return ", ".join(f"{field.name} {field.type}" for field in schema)
