"""Decided examples become a part of the dataset: data/collected/<dataset>.parquet, which ingest
reads beside the source of the catalog entry.

An example is there with the label that the model gave it; the decision, in data/reviews, is applied
by clean as any other. Licence and purposes are those under which its owner let it be collected.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.dataset.places import collected_file
from pipeline.dataset.review.decisions import DROP, Decision
from pipeline.dataset.served.ids import is_served_id
from pipeline.dataset.table import read_folder
from pipeline.runtime.errors import MissingInput
from pipeline.runtime.files import written_whole
from pipeline.sources.source import examples_table


def take(
    examples: Path,
    content: str,
    decisions: Mapping[str, Decision],
    *,
    dataset: str,
    source: str,
    license: str,
    purposes: Sequence[str],
) -> int:
    """Add the decided examples of a folder to what was collected before; how many there are now.

    Args:
        content: the column that has the content.
        source: where they come from, for data/raw.

    Raises:
        MissingInput: nothing is decided.
    """
    table = read_folder(examples, ["id", content])
    decided = {
        id: found.given
        for id, found in decisions.items()
        if is_served_id(id) and found.decision != DROP
    }
    table = table.filter(pc.is_in(table["id"], pa.array(list(decided), pa.string())))
    if not table.num_rows:
        raise MissingInput(
            f"of what is in {examples} nothing is decided",
            fix="groundwork review --collected",
        )
    ids = table["id"].to_pylist()
    columns: dict[str, Any] = {
        content: [as_bytes(value) for value in table[content].to_pylist()],
        "label": [decided[id] for id in ids],
        "license": [license] * len(ids),
        "purposes": [" ".join(purposes) or None] * len(ids),
        "source": [source] * len(ids),
    }
    return add_examples(dataset, examples_table(content, ids, **columns))


def add_examples(dataset: str, new: pa.Table) -> int:
    """Add examples to those that were collected before; how many there are now."""
    path = collected_file(dataset)
    if path.exists():
        old = pq.read_table(path)
        new = pa.concat_tables([old.filter(pc.invert(pc.is_in(old["id"], new["id"]))), new])
    new = new.sort_by("id")
    with written_whole(path) as partial:
        pq.write_table(new, partial, compression="zstd", write_page_checksum=True)
    return int(new.num_rows)


def as_bytes(value: Any) -> bytes:
    return value.encode() if isinstance(value, str) else bytes(value)
