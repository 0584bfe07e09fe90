"""Parquet files in the Hugging Face layout: a column of contents (encoded bytes), one of labels.

The split is in the file's name (`train-00000-of-00005.parquet`, `test.parquet`), in its folder's
(`test/0000.parquet`), or in a column. Names of labels come from the `huggingface` schema metadata.
Files without contents in the same folders (annotations, say) are skipped.
"""

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.dataset.catalog import Entry
from pipeline.ingest.sources.kinds.parquet.layout import (
    ParquetLayout,
    find_layout,
    holding_column,
    names_of_codes,
    notes_on_columns,
)
from pipeline.ingest.sources.kinds.parquet.rows import RowReader, split_in_path
from pipeline.ingest.sources.label_counts import labels_by_split
from pipeline.modalities.protocols.prepare import Prepare, content_column
from pipeline.runtime.errors import SourceError
from pipeline.sources.places.files import Files
from pipeline.sources.places.trees import Folder
from pipeline.sources.source import (
    BYTES_PER_BATCH,
    EXAMPLES_PER_BATCH,
    SPLIT_NAMES,
    Batch,
    Source,
)
from pipeline.sources.tables.harmless import harmless_text
from pipeline.sources.tables.parquet import ParquetTable
from pipeline.targets.protocols.labels import Labels

ROWS_AT_ONCE = 1 << 16


def _table(path: Path) -> ParquetTable:
    return ParquetTable(path, str(path))


class Footer(NamedTuple):
    """The part of a Parquet file's footer that opening needs."""

    schema: pa.Schema
    num_rows: int


def recognises(files: Files, entry: Entry, prepare: Prepare, labels: Labels) -> bool:
    """Whether a Parquet file has a column of contents, or is broken; open_source reports that."""
    if not isinstance(files.tree, Folder):
        return False
    paths = _parquet_files(files, files.tree.root)
    for path in paths:
        try:
            if holding_column(_table(path).schema, entry, prepare) is not None:
                return True
        except SourceError:
            return True
    return bool(paths) and len(paths) == len(files.members)  # it can be nothing else


def open_source(
    entry: Entry, files: Files, max_bytes: float, prepare: Prepare, labels: Labels
) -> Source:
    """Look at the files and open them.

    Raises:
        SourceError: no files, no column of contents or labels, files that disagree, or broken ones.
    """
    if not isinstance(files.tree, Folder):
        raise SourceError(f"{files.where} is an archive of Parquet files", fix="unpack it first")
    root = files.tree.root
    footers = _read_footers(files, root, entry, prepare)
    path, (schema, _) = next(iter(footers.items()))
    layout = find_layout(schema, entry, path, prepare, labels)
    _refuse_different_files(footers, layout)
    of_entry = labels.names_in(entry)
    names = names_of_codes(schema, layout.label)
    if names is None and pa.types.is_integer(schema.field(layout.label).type):
        names = of_entry
    paths_are_ids = layout.id is None and _has_unique_paths(footers, layout.content)
    reader = RowReader(root, layout, names, paths_are_ids, max_bytes, content_column(prepare))
    return Source(
        labels=of_entry or names or _distinct(footers, layout.label),
        num_examples=sum(footer.num_rows for footer in footers.values()),
        splits=_find_splits(footers, root, layout),
        batches=_batches(list(footers), reader),
        notes=tuple(notes_on_columns(schema, layout, prepare, labels)),
        labels_by_split=labels_by_split(_splits_and_labels(list(footers), reader)),
    )


def _batches(paths: list[Path], reader: RowReader) -> Iterator[Batch]:
    """Read the files in this process, in order; workers turn the rows into examples."""
    wanted = [name for name in dict.fromkeys(reader.layout) if name is not None]
    for path in paths:
        table, position = _table(path), 0
        bytes_per_row = max(1, path.stat().st_size // max(1, table.num_rows))
        rows = min(EXAMPLES_PER_BATCH, max(1, BYTES_PER_BATCH // bytes_per_row))
        for batch in table.batches(wanted, rows):
            yield partial(reader, pa.Table.from_batches([batch]), path, position)
            position += batch.num_rows


def _splits_and_labels(
    paths: list[Path], reader: RowReader
) -> Iterator[tuple[pa.ChunkedArray, pa.ChunkedArray]]:
    """Splits and labels of all rows.

    Raises:
        SourceError: a file is damaged there.
    """
    layout = reader.layout
    wanted = [name for name in dict.fromkeys((layout.split, layout.label)) if name is not None]
    for path in paths:
        for batch in _table(path).batches(wanted, ROWS_AT_ONCE):
            table = pa.Table.from_batches([batch])
            yield reader.splits(table, path), reader.labels(table[layout.label])


def _parquet_files(files: Files, root: Path) -> list[Path]:
    return [root / member.path for name, member in files.others.items() if _is_parquet(name)]


def _is_parquet(name: str) -> bool:
    return name.endswith(".parquet")


def _read_footers(files: Files, root: Path, entry: Entry, prepare: Prepare) -> dict[Path, Footer]:
    """The footers of the files with contents, at least one.

    Raises:
        SourceError: there is none, or a file is broken.
    """
    paths = _parquet_files(files, root)
    if not paths:
        raise SourceError(f"uri {files.where} holds no Parquet file", fix="check uri")
    footers: dict[Path, Footer] = {}
    for path in paths:
        table = _table(path)
        if (content := holding_column(table.schema, entry, prepare)) is None:
            continue
        if (num := table.num_nulls(f"{content}.bytes")) and num == table.num_rows:
            raise SourceError(
                f"{path}: {content} has paths and no bytes in {num} of {num} rows",
                fix=f"embed the {prepare.NOUN}s (push_to_hub does), or write a manifest, with a "
                f"column of paths",
            )
        footers[path] = Footer(table.schema, table.num_rows)
    if not footers:
        raise SourceError(
            f"no Parquet file in {root} has a column of {prepare.NOUN}s",
            fix=f"name it in the catalog entry, under columns: {content_column(prepare)}:",
        )
    return footers


def _refuse_different_files(footers: Mapping[Path, Footer], layout: ParquetLayout) -> None:
    """Refuse files that lack a column of the layout, or whose names of labels differ.

    Raises:
        SourceError: see above.
    """
    first, (schema, _) = next(iter(footers.items()))
    names = names_of_codes(schema, layout.label)
    for path, (other, _) in footers.items():
        for name in layout:
            if name is not None and name not in other.names:
                raise SourceError(f"{path} has no column {name}", fix="make the files alike")
        if names_of_codes(other, layout.label) != names:
            raise SourceError(
                f"{path} has other names of labels than {first}", fix="make the files alike"
            )


def _find_splits(
    footers: Mapping[Path, Footer], root: Path, layout: ParquetLayout
) -> frozenset[str]:
    """The splits that paths and the split column name.

    Raises:
        SourceError: the column has an unknown split.
    """
    splits = {split for path in footers if (split := split_in_path(path, root)) is not None}
    if layout.split is None:
        return frozenset(splits)
    names = _distinct(footers, layout.split)
    unknown = sorted(name for name in names if name.lower() not in SPLIT_NAMES)
    if unknown:
        raise SourceError(
            f"column {layout.split} of {root} has the unknown split {unknown[0]!r}",
            fix=f"the known ones are {', '.join(SPLIT_NAMES)}",
        )
    return frozenset(splits | {SPLIT_NAMES[name.lower()] for name in names})


def _distinct(footers: Mapping[Path, Footer], column: str) -> set[str]:
    """The values of a column, as text.

    Raises:
        SourceError: a file is damaged there.
    """
    values: set[str] = set()
    for path in footers:
        for batch in _table(path).batches([column], ROWS_AT_ONCE):
            texts = pc.unique(batch[column].drop_null().cast(pa.string()))
            values.update(map(harmless_text, texts.to_pylist()))
    return values


def _has_unique_paths(footers: Mapping[Path, Footer], content: str) -> bool:
    """Whether every content has a path beside its bytes, and no two the same.

    Raises:
        SourceError: a file is damaged.
    """
    seen: set[str] = set()
    num = 0
    for path, (schema, _) in footers.items():
        kind = schema.field(content).type
        if not pa.types.is_struct(kind) or kind.get_field_index("path") < 0:
            return False
        for batch in _table(path).batches([f"{content}.path"], ROWS_AT_ONCE):
            paths = pc.struct_field(batch[content], "path")
            if paths.null_count:
                return False
            seen.update(paths.to_pylist())
            num += len(paths)
    return len(seen) == num
