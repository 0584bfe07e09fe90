"""Several people's labels of the examples in data/raw: ingest writes them, clean reads them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from pipeline.dataset.table import ANNOTATIONS, WORD, file_sha256, words, write_examples
from pipeline.runtime.errors import SourceError

SOURCE = "source"
"""The annotator that the source's own labels count as."""

SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("annotator", WORD, nullable=False),
        pa.field("label", WORD, nullable=False),
    ]
)

Codes = NDArray[np.int64]


@dataclass(frozen=True)
class Annotations:
    """Labels by several people, M of them for N examples."""

    rows: Codes
    """The example of each label, `(M,)`, from 0 to N - 1."""
    annotators: Codes
    """Who gave it, `(M,)`, numbered from 0."""
    labels: Codes
    """Class indices, `(M,)`."""
    names: tuple[str, ...] = ()
    """Of the annotators, by number."""

    def of(self, chosen: Codes) -> "Annotations":
        """What was said of the examples `chosen`, which are numbered from 0 in their order."""
        number = np.full(max(self.rows.max(initial=-1), chosen.max(initial=-1)) + 1, -1)
        number[chosen] = np.arange(len(chosen))
        rows = number[self.rows]
        here = rows >= 0
        return Annotations(rows[here], self.annotators[here], self.labels[here], self.names)


class Added(NamedTuple):
    """What became of people's labels."""

    files: list[dict[str, Any]]
    """What the index says of the files of data/raw."""
    labels: int
    annotators: int
    filled: int
    """Examples whose label is that of most annotators, since the source has none."""
    unknown_labels: int
    """Labels of ids that are not in data/raw."""
    unknown_ids: int


def add_annotations(
    folder: Path,
    files: list[dict[str, Any]],
    said: pa.Table,
    classes: list[str],
    *,
    has_own_labels: bool,
) -> Added:
    """Write annotations.parquet into data/raw, which has the parts `files`.

    Where the source has labels of its own, they come first and count as one more annotator's,
    named `source`; an example without one gets the label of most annotators, the first of equals.

    Args:
        said: columns id, annotator, label; ids as data/raw has them.

    Raises:
        SourceError: no label is of an example in data/raw.
    """
    there = pa.concat_tables(
        pq.read_table(folder / file["name"], columns=["id", "label"]) for file in files
    )
    ids = there["id"].combine_chunks()
    given = pc.index_in(there["label"].cast(pa.string()), pa.array(classes)).combine_chunks()
    rows = pc.index_in(said["id"], pc.utf8_normalize(ids, "NFC")).combine_chunks()
    unknown = said["id"].filter(pc.is_null(rows))
    if len(unknown) == len(said):
        raise SourceError(
            f"annotations are of none of the examples: they have ids such as {said['id'][0]}, "
            f"data/raw such as {ids[0]}",
            fix="write the ids of data/raw into the annotations",
        )
    said = said.filter(pc.is_valid(rows))
    rows = rows.drop_null()
    labels = pc.index_in(said["label"].cast(pa.string()), pa.array(classes)).combine_chunks()
    tables = [pa.table([ids.take(rows), said["annotator"], said["label"]], names=SCHEMA.names)]
    filled = 0
    if has_own_labels:
        own = there.filter(pc.is_valid(given))
        source = pa.array([SOURCE] * len(own), pa.string())
        tables.insert(0, pa.table([own["id"], source, own["label"]], names=SCHEMA.names))
        voted = majority_vote(rows.to_numpy(), labels.to_numpy(), len(ids), len(classes))
        voted[pc.is_valid(given).to_numpy(zero_copy_only=False)] = -1
        filled = int((voted >= 0).sum())
        if filled:
            files = _fill_labels(folder, files, voted, classes)
    table = pa.concat_tables(_coded(table) for table in tables).unify_dictionaries()
    write_examples(table.combine_chunks(), folder / ANNOTATIONS)
    return Added(
        files=files,
        labels=table.num_rows,
        annotators=len(pc.unique(table["annotator"])),
        filled=filled,
        unknown_labels=len(unknown),
        unknown_ids=len(pc.unique(unknown)),
    )


def read_annotations(
    folder: Path, ids: Sequence[str], classes: Sequence[str]
) -> Annotations | None:
    """What several people said of the examples `ids`; None when ingest found no such labels.

    Annotators have the same numbers whatever the ids.
    """
    path = folder / ANNOTATIONS
    if not path.exists():
        return None
    table = pq.read_table(path, page_checksum_verification=True)
    people = table["annotator"].combine_chunks()
    rows = pc.index_in(table["id"], pa.array(ids, pa.string())).combine_chunks()
    labels = pc.index_in(table["label"].cast(pa.string()), pa.array(classes)).combine_chunks()
    there = pc.and_(pc.is_valid(rows), pc.is_valid(labels))
    example, annotator, label = (
        column.filter(there).to_numpy().astype(np.int64)
        for column in (rows, people.indices, labels)
    )
    return Annotations(example, annotator, label, tuple(people.dictionary.to_pylist()))


def with_given_labels(said: Annotations | None, given: Codes) -> Annotations:
    """All there is to know of N examples: what people said and, where nobody did, the given label.

    These count as those of one more annotator, named `source`.

    Args:
        given: class indices, `(N,)`.
    """
    nothing = given[:0]
    said = said or Annotations(nothing, nothing, nothing)
    alone = np.setdiff1d(np.arange(len(given)), said.rows)
    if not len(alone):
        return said
    names = said.names if SOURCE in said.names else (*said.names, SOURCE)
    return Annotations(
        np.concatenate([said.rows, alone]),
        np.concatenate([said.annotators, np.full(len(alone), names.index(SOURCE))]),
        np.concatenate([said.labels, given[alone]]),
        names,
    )


def majority_vote(
    rows: NDArray[Any], labels: NDArray[Any], num_examples: int, num_classes: int
) -> Codes:
    """The label of most annotators for each example, of equals the first; -1 where none is.

    Args:
        rows: the example of each label, `(M,)`.
        labels: class indices, `(M,)`.
    """
    cells, first, votes = np.unique(
        rows.astype(np.int64) * num_classes + labels, return_index=True, return_counts=True
    )
    of_example = cells // num_classes
    order = np.lexsort((first, -votes, of_example))
    won = order[np.diff(of_example[order], prepend=-1) > 0]
    found = np.full(num_examples, -1, np.int64)
    found[of_example[won]] = cells[won] % num_classes
    return found


def _fill_labels(
    folder: Path, files: list[dict[str, Any]], labels: Codes, classes: list[str]
) -> list[dict[str, Any]]:
    """Write the parts again that have rows with a label in `labels` (-1 for none) instead of null.

    Returns the index's `files`.
    """
    found, start = [], 0
    for file in files:
        here = labels[start : start + file["rows"]]
        start += file["rows"]
        if (here >= 0).any():
            path = folder / file["name"]
            table = pq.read_table(path)
            filled = [
                classes[code] if code >= 0 else label
                for code, label in zip(here, table["label"].to_pylist(), strict=True)
            ]
            position = table.schema.get_field_index("label")
            table = table.set_column(position, table.schema.field("label"), words(filled, classes))
            write_examples(table, path)
            file = file | {"sha256": file_sha256(path)}
        found.append(file)
    return found


def _coded(table: pa.Table) -> pa.Table:
    """In SCHEMA."""
    columns = [table[field.name].combine_chunks() for field in SCHEMA]
    return pa.table(
        [
            column.dictionary_encode() if field.type == WORD else column
            for field, column in zip(SCHEMA, columns, strict=True)
        ],
        schema=SCHEMA,
    )
