"""Manifests as tables: which file is one, what its columns are, how it is read."""

import csv
import io
from pathlib import PurePosixPath
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.json
import pyarrow.parquet as pq

from pipeline.dataset.catalog import Entry
from pipeline.dataset.sources.trees import Files
from pipeline.runtime.errors import SourceError

SUFFIXES = (".csv", ".tsv", ".jsonl", ".ndjson", ".parquet")
STEMS = ("manifest", "metadata", "labels", "annotations", "index", "data", "train")
MAX_BYTES = 4 << 30

# What columns are usually called, the most telling name first.
USUAL_NAMES = {
    "image": (
        "file_name", "filename", "file", "path", "filepath", "file_path", "image_path", "image",
        "image_url", "url", "uri",
    ),
    "label": ("label", "class", "category", "target", "class_name", "label_name"),
    "id": ("id",),
    "split": ("split", "subset"),
    "group": ("group",),
    "license": ("license", "licence"),
    "purposes": ("purposes", "purpose"),
    "annotator": ("annotator", "worker", "rater"),
}  # fmt: skip


class Manifest(NamedTuple):
    """A manifest as a table with our names for its columns."""

    table: pa.Table
    folder: str
    """What its paths start from, in the tree: empty, or ending with a slash."""


def find_manifests(files: Files, entry: Entry) -> list[str]:
    """Names of the manifests: the one that uri names, or those under usual names.

    Raises:
        SourceError: there are several, and nothing tells which counts.
    """
    candidates = [name for name in files.others if name.endswith(SUFFIXES)]
    if len(files.members) > 1:
        candidates = [name for name in candidates if PurePosixPath(name).stem in STEMS]
        # One at the root, or one in each split folder, whatever folders hold them all.
        depth = min((name.count("/") for name in candidates), default=0)
        candidates = [name for name in candidates if name.count("/") == depth]
    found = [name for name in candidates if _is_manifest(files, name, entry)]
    if len(found) > 1 and len({PurePosixPath(name).parent for name in found}) < len(found):
        raise SourceError(
            f"{files.where} has several manifests: {', '.join(found[:4])}",
            fix="point uri at the one that counts",
        )
    return found


def _is_manifest(files: Files, name: str, entry: Entry) -> bool:
    if name.endswith(".parquet"):
        try:
            data = pa.BufferReader(files.read(name, MAX_BYTES))
            schema = pq.read_schema(data)
        except (pa.ArrowException, OSError):
            return False  # the kind that reads Parquet says what is wrong
        binary = [f.name for f in schema if not (pa.types.is_string(f.type) or _is_plain(f.type))]
        columns = [name for name in schema.names if name not in binary]
    else:
        start = files.read(name, MAX_BYTES)[: 1 << 16]
        is_json = name.endswith((".jsonl", ".ndjson"))
        columns = _json_keys(start) if is_json else _csv_header(start)
    given = entry.columns
    if len(files.members) == 1 and not name.endswith(".parquet"):
        return True  # nothing else it could be; what it lacks is said when it is read
    return _column(columns, "image", given.image) is not None and (
        _column(columns, "label", given.label) is not None
    )


def _is_plain(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_integer(kind)
        or pa.types.is_floating(kind)
        or pa.types.is_large_string(kind)
        or pa.types.is_dictionary(kind)
        or pa.types.is_boolean(kind)
    )


def _json_keys(start: bytes) -> list[str]:
    try:
        first = pa.json.read_json(io.BytesIO(start.split(b"\n", 1)[0] + b"\n"))
    except pa.ArrowException:
        return []
    return [str(name) for name in first.column_names]


def _csv_header(start: bytes) -> list[str]:
    first = start.decode("utf-8-sig", "replace").splitlines()[:1]
    return next(csv.reader(first, delimiter=_delimiter(start)), [])


def _delimiter(start: bytes) -> str:
    first = start.split(b"\n", 1)[0].decode("utf-8", "replace")
    return max(",;\t", key=first.count)


def _column(columns: list[str], role: str, given: str | None) -> str | None:
    """The column of the given name, or the first of the usual ones."""
    if given is not None:
        return given if given in columns else None
    by_name = {name.strip().lower(): name for name in reversed(columns)}
    return next((by_name[name] for name in USUAL_NAMES[role] if name in by_name), None)


def read_manifest(files: Files, name: str, entry: Entry) -> Manifest:
    """The manifest as text, with our names for its columns; null where a cell is blank.

    Raises:
        SourceError: it is damaged, or has no column of images or of labels.
    """
    where = files.where if len(files.members) == 1 else f"{name} of {files.where}"
    data = files.read(name, MAX_BYTES)
    try:
        if name.endswith(".parquet"):
            table = pq.read_table(pa.BufferReader(data))
        elif name.endswith((".jsonl", ".ndjson")):
            table = pa.json.read_json(io.BytesIO(data))
        else:
            header = _csv_header(data[: 1 << 16])
            if len(set(header)) < len(header):
                raise SourceError(
                    f"{where} has two columns of one name: {', '.join(header)}",
                    fix="rename one of them",
                )
            table = pa.csv.read_csv(
                io.BytesIO(data),
                parse_options=pa.csv.ParseOptions(
                    delimiter=_delimiter(data), newlines_in_values=True
                ),
                convert_options=pa.csv.ConvertOptions(
                    # As text: `007` is a name, and `nan` may be a class.
                    column_types=dict.fromkeys(header, pa.string()),
                    strings_can_be_null=True,
                    null_values=[""],
                    quoted_strings_can_be_null=True,
                ),
            )
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise SourceError(
            f"{where} cannot be read: {' '.join(str(error).split())[:300]}",
            fix="save it as UTF-8 with as many values in each row as columns",
        ) from None
    columns = {
        role: _column(table.column_names, role, getattr(entry.columns, role))
        for role in USUAL_NAMES
    }
    for role in ("image", "label"):
        if columns[role] is None:
            raise SourceError(
                f"{where} has no column that names the {role}; it has "
                f"{', '.join(table.column_names) or 'none'}",
                fix=f"name it in the catalog entry, under columns: {role}:",
            )
    for role, column in entry.columns.model_dump(exclude_none=True).items():
        if columns[role] is None:
            raise SourceError(
                f"{where} has no column {column}; it has {', '.join(table.column_names)}",
                fix=f"correct columns: {role}: in the catalog entry",
            )
    texts = {
        role: pc.utf8_trim_whitespace(table[column].cast(pa.string()))
        for role, column in columns.items()
        if column is not None
    }
    texts = {
        role: pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text)
        for role, text in texts.items()
    }
    return Manifest(pa.table(texts), name[: name.rfind("/") + 1])
