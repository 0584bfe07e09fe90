"""Several people's labels, written into data/raw beside the examples."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from pipeline.dataset.annotations import SCHEMA, SOURCE, Codes
from pipeline.dataset.table import ANNOTATIONS, WORD, file_sha256, words, write_examples
from pipeline.runtime.errors import SourceError


class AnnotationSummary(NamedTuple):
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
    annotations: pa.Table,
    classes: list[str],
    *,
    has_own_labels: bool,
) -> AnnotationSummary:
    """Write annotations.parquet into data/raw, which has the parts `files`.

    Where the source has labels of its own, they come first and count as one more annotator's,
    named `source`; an example without one gets the label of most annotators, the first of equals.

    Args:
        annotations: columns id, annotator, label; ids as data/raw has them.

    Raises:
        SourceError: no label is of an example in data/raw.
    """
    there = pa.concat_tables(
        pq.read_table(folder / file["name"], columns=["id", "label"]) for file in files
    )
    ids = there["id"].combine_chunks()
    given = pc.index_in(there["label"].cast(pa.string()), pa.array(classes)).combine_chunks()
    rows = pc.index_in(annotations["id"], pc.utf8_normalize(ids, "NFC")).combine_chunks()
    unknown = annotations["id"].filter(pc.is_null(rows))
    if len(unknown) == len(annotations):
        raise SourceError(
            "annotations are of none of the examples: they have ids such as "
            f"{annotations['id'][0]}, data/raw such as {ids[0]}",
            fix="write the ids of data/raw into the annotations",
        )
    annotations = annotations.filter(pc.is_valid(rows))
    rows = rows.drop_null()
    labels = pc.index_in(annotations["label"].cast(pa.string()), pa.array(classes)).combine_chunks()
    tables = [
        pa.table(
            [ids.take(rows), annotations["annotator"], annotations["label"]], names=SCHEMA.names
        )
    ]
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
    return AnnotationSummary(
        files=files,
        labels=table.num_rows,
        annotators=len(pc.unique(table["annotator"])),
        filled=filled,
        unknown_labels=len(unknown),
        unknown_ids=len(pc.unique(unknown)),
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
