"""Several people's labels, written into data/raw beside the examples."""

from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.dataset.annotations import SCHEMA, SOURCE
from pipeline.dataset.table import ANNOTATIONS, WORD, file_sha256, write_examples, write_part
from pipeline.ingest.rows import without_splits
from pipeline.runtime.errors import SourceError
from pipeline.targets.protocols.labels import Labels, TargetIndex


class AnnotationSummary(NamedTuple):
    """The result of adding annotations."""

    files: list[dict[str, Any]]
    """Entries of the index for the files of data/raw."""
    labels: int
    annotators: int
    filled: int
    """Examples that got the label of most annotators, since the source has none."""
    unknown_labels: int
    """Labels of ids that are not in data/raw."""
    unknown_ids: int


def add_annotations(
    folder: Path,
    files: list[dict[str, Any]],
    annotations: pa.Table,
    labels: Labels,
    index: TargetIndex,
    *,
    has_own_labels: bool,
) -> AnnotationSummary:
    """Write annotations.parquet into data/raw, which has the parts `files`.

    Where the source has labels of its own, they come first and count as one more annotator's,
    named `source`; an example without one gets the label on which the annotators agree most.

    Args:
        annotations: columns id, annotator, label; ids as data/raw has them.

    Raises:
        SourceError: no label is of an example in data/raw.
    """
    there = pa.concat_tables(
        pq.read_table(folder / file["name"], columns=["id", labels.COLUMN]) for file in files
    )
    ids = there["id"].combine_chunks()
    is_given = pc.is_valid(there[labels.COLUMN]).combine_chunks()
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
    tables = [
        pa.table(
            [ids.take(rows), annotations["annotator"], annotations["label"]], names=SCHEMA.names
        )
    ]
    filled = 0
    if has_own_labels:
        own = there.filter(is_given)
        source = pa.array([SOURCE] * len(own), pa.string())
        tables.insert(0, pa.table([own["id"], source, own[labels.COLUMN]], names=SCHEMA.names))
        texts = annotations["label"].combine_chunks()
        voted = labels.vote(rows.to_numpy(), texts, len(ids), index)
        lacking = pc.and_(pc.invert(is_given), pc.is_valid(voted))
        filled = pc.sum(lacking).as_py() or 0
        if filled:
            files = _fill_labels(folder, files, voted, lacking, labels, index)
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


def _fill_labels(
    folder: Path,
    files: list[dict[str, Any]],
    voted: pa.Array,
    lacking: pa.Array,
    labels: Labels,
    index: TargetIndex,
) -> list[dict[str, Any]]:
    """Rewrite the parts that have rows `lacking` a label, with the labels in `voted`.

    Returns the index's `files`.
    """
    found, start = [], 0
    for file in files:
        here = slice(start, start + file["rows"])
        start += file["rows"]
        if pc.any(lacking[here]).as_py():
            path = folder / file["name"]
            table = pq.read_table(path)
            given = table[labels.COLUMN].to_pylist()
            filled = [
                new if lacks else label
                for new, lacks, label in zip(
                    voted[here].to_pylist(), lacking[here].to_pylist(), given, strict=True
                )
            ]
            position = table.schema.get_field_index(labels.COLUMN)
            table = table.set_column(
                position, table.schema.field(position), labels.column(filled, index)
            )
            write_examples(table, path)
            file = file | {"sha256": file_sha256(path)}
        found.append(file)
    return found


def move_to_pool(
    folder: Path, files: list[dict[str, Any]], pool: list[dict[str, Any]], column: str
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], pa.Table]:
    """Move usable examples that are still without a label into files of the pool.

    Returns the index's `files` and `pool`, and the split of each example that moved.
    """
    stay: list[dict[str, Any]] = []
    moved = [pa.table({"split": pa.array([], WORD)})]
    for file in files:
        path = folder / file["name"]
        states = pq.read_table(path, columns=[column, "split", "problem"])
        waits = pc.and_(pc.is_null(states[column]), pc.is_null(states["problem"]))
        if not pc.any(waits).as_py():
            stay.append(file)
            continue
        moved.append(states.filter(waits).select(["split"]))
        table = pq.read_table(path)
        pool.append(write_part(folder, len(pool), without_splits(table.filter(waits)), "pool"))
        rest = table.filter(pc.invert(waits))
        path.unlink()
        if rest.num_rows:
            write_examples(rest, path)
            stay.append(file | {"rows": rest.num_rows, "sha256": file_sha256(path)})
    return stay, pool, pa.concat_tables(moved).unify_dictionaries()


def _coded(table: pa.Table) -> pa.Table:
    """Convert annotations to SCHEMA."""
    columns = [table[field.name].combine_chunks() for field in SCHEMA]
    return pa.table(
        [
            column.dictionary_encode() if field.type == WORD else column
            for field, column in zip(SCHEMA, columns, strict=True)
        ],
        schema=SCHEMA,
    )
