"""Parquet files in the Hugging Face layout: an image column (encoded bytes), a label column.

The split is in the file's name (`train-00000-of-00005.parquet`, `test.parquet`), in its folder's
(`test/0000.parquet`), or in a column. Class names come from the `huggingface` schema metadata.
Files without an image column (annotations, say) lie in the same folders and are passed over.
"""

import json
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.dataset.catalog import Entry
from pipeline.ingest.sources.places.trees import Files, Folder
from pipeline.ingest.sources.source import (
    BYTES_PER_BATCH,
    EXAMPLES_PER_BATCH,
    SPLIT_NAMES,
    Batch,
    Source,
    examples_table,
    in_order,
)
from pipeline.runtime.errors import SourceError


class Layout(NamedTuple):
    """Names of the columns in the source; None where there is none."""

    id: str | None
    image: str
    label: str
    split: str | None
    group: str | None
    license: str | None
    purposes: str | None


def recognises(files: Files, entry: Entry) -> bool:
    """Whether a Parquet file has a column of images, or is broken; open_source then says so."""
    if not isinstance(files.tree, Folder):
        return False
    paths = [files.tree.root / m.path for n, m in files.others.items() if _is_parquet(n)]
    for path in paths:
        try:
            if _image_column(pq.read_schema(path), entry) is not None:
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
    paths = [root / member.path for name, member in files.others.items() if _is_parquet(name)]
    if not paths:
        raise SourceError(f"uri {files.where} holds no Parquet file", fix="check uri")
    schemas: dict[Path, pa.Schema] = {}
    num_examples = 0
    for path in paths:
        try:
            parquet = pq.ParquetFile(path)
        except (pa.ArrowInvalid, OSError) as error:
            raise SourceError(
                f"{path} is no readable Parquet file: {error}", fix="fetch it again"
            ) from None
        if _image_column(parquet.schema_arrow, entry) is not None:
            schemas[path] = parquet.schema_arrow
            num_examples += parquet.metadata.num_rows
    if not schemas:
        raise SourceError(
            f"no Parquet file in {root} has an image column",
            fix="name it in the catalog entry, under columns: image:",
        )
    schema = next(iter(schemas.values()))
    layout = _layout(schema, entry, next(iter(schemas)))
    for path, other in schemas.items():
        for name in layout:
            if name is not None and name not in other.names:
                raise SourceError(f"{path} has no column {name}", fix="make the files alike")
        if _class_names(other, layout.label) != _class_names(schema, layout.label):
            raise SourceError(
                f"{path} has other class names than {next(iter(schemas))}",
                fix="make the files alike",
            )
    names = _class_names(schema, layout.label)
    if names is None and pa.types.is_integer(schema.field(layout.label).type):
        names = entry.classes
    classes = entry.classes or names or _distinct(schemas, layout.label)
    splits = {_split_in_path(path, root) for path in schemas} - {None}
    if layout.split is not None:
        given = _distinct(schemas, layout.split)
        unknown = sorted(name for name in given if name.lower() not in SPLIT_NAMES)
        if unknown:
            raise SourceError(
                f"column {layout.split} of {root} has the unknown split {unknown[0]!r}",
                fix=f"the known ones are {', '.join(SPLIT_NAMES)}",
            )
        splits |= {SPLIT_NAMES[name.lower()] for name in given}
    paths_are_ids = layout.id is None and _has_unique_paths(schemas, layout.image)
    return Source(
        classes=classes,
        num_examples=num_examples,
        splits=frozenset(split for split in splits if split),
        batches=_batches(list(schemas), root, layout, names, paths_are_ids, max_bytes),
    )


def _batches(
    paths: list[Path],
    root: Path,
    layout: Layout,
    names: list[str] | None,
    paths_are_ids: bool,
    max_bytes: float,
) -> Iterator[Batch]:
    """Read the files here, each in its order; workers make out what the rows hold."""
    wanted = [name for name in layout if name is not None]
    for path in paths:
        position = 0
        try:
            parquet = pq.ParquetFile(path)
            bytes_per_row = max(1, path.stat().st_size // max(1, parquet.metadata.num_rows))
            rows = min(EXAMPLES_PER_BATCH, max(1, BYTES_PER_BATCH // bytes_per_row))
            for batch in parquet.iter_batches(rows, columns=wanted):
                table = pa.Table.from_batches([batch])
                yield partial(
                    _examples, table, position, path, root, layout, names, paths_are_ids, max_bytes
                )
                position += table.num_rows
        except (pa.ArrowException, OSError) as error:
            raise SourceError(
                f"{path} is damaged after row {position}: {error}", fix="fetch it again"
            ) from None


def _is_parquet(name: str) -> bool:
    return name.endswith(".parquet")


def _examples(
    table: pa.Table,
    position: int,
    path: Path,
    root: Path,
    layout: Layout,
    names: list[str] | None,
    paths_are_ids: bool,
    max_bytes: float,
) -> pa.Table:
    num = table.num_rows
    image = table[layout.image].combine_chunks()
    paths = None
    if pa.types.is_struct(image.type):
        paths = pc.struct_field(image, "path") if paths_are_ids else None
        image = pc.struct_field(image, "bytes")
    if paths is not None:
        ids = paths  # Hugging Face keeps the file name, the example's key where it came from
    elif layout.id is not None:
        ids = table[layout.id].cast(pa.string())
        if ids.null_count:
            raise SourceError(
                f"{path} has rows without {layout.id}, which the entry names as id",
                fix="give every row an id, or name another column",
            )
    else:
        stem = path.relative_to(root) if path != root else Path(path.name)
        ids = pa.array([f"{stem}:{position + i}" for i in range(num)])
    label = table[layout.label]
    if names is not None:
        known = pa.array(names)
        index = label.cast(pa.int64())
        inside = pc.and_(pc.greater_equal(index, 0), pc.less(index, len(names)))
        label = pc.take(known, pc.if_else(inside, index, None))  # -1 means unlabelled
    columns = {"image": image.cast(pa.binary()), "label": label.cast(pa.string())}
    size = pc.binary_length(columns["image"])
    too_large = pc.fill_null(pc.greater(size, max_bytes), False)
    if pc.any(too_large).as_py():
        reasons = [f"{n} bytes, more than {max_bytes:.0f} allowed" for n in size.to_pylist()]
        columns["problem"] = pc.if_else(too_large, pa.array(reasons), None)
        columns["image"] = pc.if_else(too_large, None, columns["image"])
    if layout.split is not None:
        given = table[layout.split].cast(pa.string()).to_pylist()
        columns["split"] = [SPLIT_NAMES.get((name or "").lower(), name) for name in given]
    elif (name := _split_in_path(path, root)) is not None:
        columns["split"] = [name] * num
    for name in ("group", "license", "purposes"):
        if (column := getattr(layout, name)) is not None:
            columns[name] = table[column].cast(pa.string())
    return examples_table(ids, **columns)


def _layout(schema: pa.Schema, entry: Entry, path: Path) -> Layout:
    columns = entry.columns
    image = _image_column(schema, entry)
    assert image is not None
    label = columns.label or _class_label_column(schema)
    if label is None or label not in schema.names:
        raise SourceError(
            f"{path} has no label column{f' {label}' if label else ''}; it has {schema.names}",
            fix="name it in the catalog entry, under columns: label:",
        )
    kind = schema.field(label).type
    if pa.types.is_nested(kind) or pa.types.is_binary(kind):
        raise SourceError(
            f"{path}: label column {label} holds {kind}, expected a name or a number a row",
            fix="name another column in the catalog entry, under columns: label:",
        )
    image_kind = schema.field(image).type
    if not (
        pa.types.is_binary(image_kind)
        or pa.types.is_large_binary(image_kind)
        or (pa.types.is_struct(image_kind) and image_kind.get_field_index("bytes") >= 0)
    ):
        raise SourceError(
            f"{path}: image column {image} holds {image_kind}, expected encoded images",
            fix="name another column in the catalog entry, under columns: image:",
        )
    split = columns.split or ("split" if "split" in schema.names else None)
    return Layout(columns.id, image, label, split, columns.group, columns.license, columns.purposes)


def _image_column(schema: pa.Schema, entry: Entry) -> str | None:
    """The column that the entry names, or the first that holds encoded images."""
    if entry.columns.image is not None:
        return entry.columns.image if entry.columns.image in schema.names else None
    for field in schema:
        kind = field.type
        if pa.types.is_struct(kind) and kind.get_field_index("bytes") >= 0:
            return str(field.name)
        if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
            return str(field.name)
    return None


def _class_label_column(schema: pa.Schema) -> str | None:
    for name, feature in _features(schema).items():
        if feature.get("_type") == "ClassLabel":
            return name
    return next(
        (name for name in ("label", "labels", "fine_label") if name in schema.names),
        None,
    )


def _class_names(schema: pa.Schema, label: str) -> list[str] | None:
    names = _features(schema).get(label, {}).get("names")
    return [str(name) for name in names] if names else None


def _features(schema: pa.Schema) -> dict[str, dict[str, Any]]:
    text = (schema.metadata or {}).get(b"huggingface")
    features = json.loads(text).get("info", {}).get("features", {}) if text else {}
    return {name: value for name, value in features.items() if isinstance(value, dict)}


def _distinct(files: dict[Path, pa.Schema], column: str) -> list[str]:
    """Distinct values of a column, digits in the order of their numbers."""
    found: set[str] = set()
    for path in files:
        try:
            for batch in pq.ParquetFile(path).iter_batches(columns=[column]):
                found.update(
                    value
                    for value in pc.unique(batch[column].drop_null().cast(pa.string())).to_pylist()
                )
        except (pa.ArrowException, OSError) as error:
            raise SourceError(
                f"{path} is damaged in column {column}: {error}", fix="fetch it again"
            ) from None
    return in_order(found)


def _split_in_path(path: Path, root: Path) -> str | None:
    inside = path.relative_to(root) if path != root else Path(path.name)
    parts = [inside.stem, *inside.parts[:-1]]
    words = [word for part in parts for word in re.split(r"[^a-z]+", part.lower())]
    return next((SPLIT_NAMES[word] for word in words if word in SPLIT_NAMES), None)


def _has_unique_paths(files: dict[Path, pa.Schema], image: str) -> bool:
    """Whether every image has a path beside its bytes, and no two the same."""
    seen: set[str] = set()
    num = 0
    for path, schema in files.items():
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
