"""Several people's labels of the examples in data/raw: ingest writes them, clean reads them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from pipeline.dataset.table import ANNOTATIONS, WORD

SOURCE = "source"
"""The name of the annotator whose labels are the source's own."""

SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("annotator", WORD, nullable=False),
        pa.field("label", WORD, nullable=False),
    ]
)

Codes = NDArray[Any]
"""Labels of examples as codes of the target."""
Read = tuple[Codes, NDArray[np.bool_]]


@dataclass(frozen=True)
class Annotations:
    """Labels by several people, M of them for N examples."""

    rows: Codes
    """The example of each label, `(M,)`, from 0 to N - 1."""
    annotators: Codes
    """The annotator of each label, `(M,)`, numbered from 0."""
    labels: Codes
    """Labels as codes of the target, `(M,)`; see targets/protocols/noise.py."""
    names: tuple[str, ...] = ()
    """Names of the annotators, by number."""

    def of(self, chosen: Codes) -> "Annotations":
        """Select the labels of the examples `chosen`, and number these from 0 in their order."""
        number = np.full(max(self.rows.max(initial=-1), chosen.max(initial=-1)) + 1, -1)
        number[chosen] = np.arange(len(chosen))
        rows = number[self.rows]
        here = rows >= 0
        return Annotations(rows[here], self.annotators[here], self.labels[here], self.names)


def read_annotations(
    folder: Path, ids: Sequence[str], read_labels: Callable[[pa.ChunkedArray], Read]
) -> Annotations | None:
    """Read the annotators' labels of the examples `ids`; None when ingest found none.

    Annotators have the same numbers whatever the ids.

    Args:
        read_labels: gives labels as codes, and which of them are known; others are left out.
    """
    path = folder / ANNOTATIONS
    if not path.exists():
        return None
    table = pq.read_table(path, page_checksum_verification=True)
    people = table["annotator"].combine_chunks()
    rows = pc.index_in(table["id"], pa.array(ids, pa.string())).combine_chunks()
    codes, known = read_labels(table["label"])
    there = pc.and_(pc.is_valid(rows), pa.array(known))
    example, annotator = (
        column.filter(there).to_numpy().astype(np.int64) for column in (rows, people.indices)
    )
    labels = codes[there.to_numpy(zero_copy_only=False)]
    return Annotations(example, annotator, labels, tuple(people.dictionary.to_pylist()))


def with_given_labels(annotations: Annotations | None, given: Codes) -> Annotations:
    """Add the given label of each of N examples that has no annotation.

    These labels count as those of one more annotator, named `source`.

    Args:
        given: codes, `(N,)`.
    """
    nothing = given[:0]
    annotations = annotations or Annotations(nothing, nothing, nothing)
    alone = np.setdiff1d(np.arange(len(given)), annotations.rows)
    if not len(alone):
        return annotations
    names = annotations.names if SOURCE in annotations.names else (*annotations.names, SOURCE)
    return Annotations(
        np.concatenate([annotations.rows, alone]),
        np.concatenate([annotations.annotators, np.full(len(alone), names.index(SOURCE))]),
        np.concatenate([annotations.labels, given[alone]]),
        names,
    )
