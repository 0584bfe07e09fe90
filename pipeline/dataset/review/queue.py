"""The review queue: the examples that people should look at, the most doubtful first.

clean writes it into data/findings; `groundwork review` shows it.
"""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.dataset.table import damaged
from pipeline.dataset.tables import read_table

QUEUE = "review_queue"  # in data/findings
REASONS = ("label", "annotators", "near duplicate", "leak", "outlier")
BY_MODELS, BY_PEOPLE = JUDGES = ("models", "people")
MAX_NEIGHBOURS = 8

VOTE = pa.struct([("label", pa.string()), ("count", pa.int32())])

REVIEW_QUEUE_SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("split", pa.string(), nullable=False),
        pa.field("given", pa.string(), nullable=False),  # label as the source has it
        pa.field("proposed", pa.string(), nullable=False),  # the given one when none is better
        pa.field(
            "judges", pa.string(), nullable=False
        ),  # the judge that proposes it, out of JUDGES
        pa.field("confidence", pa.float32()),  # probability of the proposed label; or null
        pa.field("label_quality", pa.float32()),  # 0 surely wrong to 1 surely right; or null
        pa.field("reasons", pa.list_(pa.string()), nullable=False),  # out of REASONS
        pa.field("votes", pa.list_(VOTE), nullable=False),  # of people who disagree, most first
        pa.field("like", pa.string()),  # the example that a leak or near duplicate looks like
        pa.field("like_split", pa.string()),
        pa.field("like_label", pa.string()),
        pa.field("neighbours", pa.list_(pa.string()), nullable=False),  # ids of similar examples
    ]
)


def read_queue(findings: Path) -> pa.Table:
    """The review queue in the folder data/findings, in its order.

    Raises:
        MissingInput: it is missing, damaged, or no review queue.
    """
    table = read_table(findings, QUEUE)
    fault = fault_of(table)
    if fault is not None:
        raise damaged(findings / f"{QUEUE}.parquet", f"it {fault}")
    return table


def fault_of(table: pa.Table) -> str | None:
    """What is wrong with a review queue, to follow its name; None when nothing is."""
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
    for judge in pc.unique(table["judges"]).to_pylist():
        if judge not in JUDGES:
            return f"has the judges {judge!r}, expected one of {', '.join(JUDGES)}"
    for reason in pc.unique(pc.list_flatten(table["reasons"])).to_pylist():
        if reason not in REASONS:
            return f"has the reason {reason!r}, expected one of {', '.join(REASONS)}"
    if (pc.max(pc.list_value_length(table["neighbours"])).as_py() or 0) > MAX_NEIGHBOURS:
        return f"has more than {MAX_NEIGHBOURS} neighbours of an example"
    return None


def _columns(schema: pa.Schema) -> str:
    return ", ".join(f"{field.name} {field.type}" for field in schema)
