"""Parquet files in the Hugging Face layout: an image column (encoded bytes), a label column.

The split is in the file's name (`train-00000-of-00005.parquet`, `test.parquet`), in its folder's
(`test/0000.parquet`), or in a column. Class names come from the `huggingface` schema metadata.
Files without an image column (annotations, say) lie in the same folders and are passed over.
"""

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.dataset.catalog import Entry
from pipeline.ingest.sources.kinds.parquet.layout import (
    ParquetLayout,
    class_names,
    find_layout,
    image_column,
)
from pipeline.ingest.sources.kinds.parquet.rows import RowReader, split_in_path
from pipeline.runtime.errors import SourceError
from pipeline.sources.places.files import Files
from pipeline.sources.places.trees import Folder
from pipeline.sources.source import (
    BYTES_PER_BATCH,
    EXAMPLES_PER_BATCH,
    SPLIT_NAMES,
    Batch,
    Source,
    in_order,
)


class Footer(NamedTuple):
    """The part of a Parquet file's footer that opening needs."""

    schema: pa.Schema
    num_rows: int


def recognises(files: Files, entry: Entry) -> bool:
    """Whether a Parquet file has a column of images, or is broken; open_source then says so."""
    if not isinstance(files.tree, Folder):
        return False
    paths = _parquet_files(files, files.tree.root)
    for path in paths:
        try:
            if image_column(pq.read_schema(path), entry) is not None:
                return True
        except (pa.ArrowException, OSError):
            return True
    return bool(paths) and len(paths) == len(files.members)  # nothing else it could be


def open_source(entry: Entry, files: Files, max_bytes: float) -> Source:
    """Look at the files and open them.

    Raises:
        SourceError: no files, no image or label column, files that disagree, or broken ones.
    """
    if not isinstance(files.tree, Folder):
        raise SourceError(f"{files.where} is an archive of Parquet files", fix="unpack it first")
    root = files.tree.root
    footers = _read_footers(files, root, entry)
    path, (schema, _) = next(iter(footers.items()))
    layout = find_layout(schema, entry, path)
    _refuse_different_files(footers, layout)
    names = class_names(schema, layout.label)
    if names is None and pa.types.is_integer(schema.field(layout.label).type):
        names = entry.classes
    paths_are_ids = layout.id is None and _has_unique_paths(footers, layout.image)
    reader = RowReader(root, layout, names, paths_are_ids, max_bytes)
    return Source(
        classes=entry.classes or names or in_order(_distinct(footers, layout.label)),
        num_examples=sum(footer.num_rows for footer in footers.values()),
        splits=_find_splits(footers, root, layout),
        batches=_batches(list(footers), reader),
    )


def _batches(paths: list[Path], reader: RowReader) -> Iterator[Batch]:
    """Read the files here, each in its order; workers make examples of the rows."""
    wanted = [name for name in reader.layout if name is not None]
    for path in paths:
        position = 0
        try:
            parquet = pq.ParquetFile(path)
            bytes_per_row = max(1, path.stat().st_size // max(1, parquet.metadata.num_rows))
            rows = min(EXAMPLES_PER_BATCH, max(1, BYTES_PER_BATCH // bytes_per_row))
            for batch in parquet.iter_batches(rows, columns=wanted):
                yield partial(reader, pa.Table.from_batches([batch]), path, position)
                position += batch.num_rows
        except (pa.ArrowException, OSError) as error:
            raise SourceError(
                f"{path} is damaged after row {position}: {error}", fix="fetch it again"
            ) from None


def _parquet_files(files: Files, root: Path) -> list[Path]:
    return [root / member.path for name, member in files.others.items() if _is_parquet(name)]


def _is_parquet(name: str) -> bool:
    return name.endswith(".parquet")


def _read_footers(files: Files, root: Path, entry: Entry) -> dict[Path, Footer]:
    """The footers of the files with images, at least one.

    Raises:
        SourceError: there is none, or a file is broken.
    """
    paths = _parquet_files(files, root)
    if not paths:
        raise SourceError(f"uri {files.where} holds no Parquet file", fix="check uri")
    footers: dict[Path, Footer] = {}
    for path in paths:
        try:
            parquet = pq.ParquetFile(path)
        except (pa.ArrowInvalid, OSError) as error:
            raise SourceError(
                f"{path} is no readable Parquet file: {error}", fix="fetch it again"
            ) from None
        if image_column(parquet.schema_arrow, entry) is not None:
            footers[path] = Footer(parquet.schema_arrow, parquet.metadata.num_rows)
    if not footers:
        raise SourceError(
            f"no Parquet file in {root} has an image column",
            fix="name it in the catalog entry, under columns: image:",
        )
    return footers


def _refuse_different_files(footers: Mapping[Path, Footer], layout: ParquetLayout) -> None:
    """Refuse files that lack a column of the layout, or have other class names than the first.

    Raises:
        SourceError: see above.
    """
    first, (schema, _) = next(iter(footers.items()))
    names = class_names(schema, layout.label)
    for path, (other, _) in footers.items():
        for name in layout:
            if name is not None and name not in other.names:
                raise SourceError(f"{path} has no column {name}", fix="make the files alike")
        if class_names(other, layout.label) != names:
            raise SourceError(
                f"{path} has other class names than {first}", fix="make the files alike"
            )


def _find_splits(
    footers: Mapping[Path, Footer], root: Path, layout: ParquetLayout
) -> frozenset[str]:
    """The splits that paths and the split column name.

    Raises:
        SourceError: the column has an unknown one.
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
        try:
            for batch in pq.ParquetFile(path).iter_batches(columns=[column]):
                texts = batch[column].drop_null().cast(pa.string())
                values.update(pc.unique(texts).to_pylist())
        except (pa.ArrowException, OSError) as error:
            raise SourceError(
                f"{path} is damaged in column {column}: {error}", fix="fetch it again"
            ) from None
    return values


def _has_unique_paths(footers: Mapping[Path, Footer], image: str) -> bool:
    """Whether every image has a path beside its bytes, and no two the same.

    Raises:
        SourceError: a file is damaged.
    """
    seen: set[str] = set()
    num = 0
    for path, (schema, _) in footers.items():
        kind = schema.field(image).type
        if not pa.types.is_struct(kind) or kind.get_field_index("path") < 0:
            return False
        try:
            for batch in pq.ParquetFile(path).iter_batches(columns=[f"{image}.path"]):
                paths = pc.struct_field(batch[image], "path")
                if paths.null_count:
                    return False
                seen.update(paths.to_pylist())
                num += len(paths)
        except (pa.ArrowException, OSError) as error:
            raise SourceError(f"{path} is damaged: {error}", fix="fetch it again") from None
    return len(seen) == num
