"""Manifests as tables: which file is one, what its columns are, how it is read."""

import csv
import json
from collections.abc import Sequence
from functools import partial
from pathlib import PurePosixPath
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.json
import pyarrow.parquet as pq

from pipeline.dataset.catalog import Columns, Entry
from pipeline.dataset.table import SLICE
from pipeline.modalities.protocols.prepare import Prepare, content_column
from pipeline.runtime.errors import SourceError
from pipeline.sources.delimited import BLOCK_BYTES, START_BYTES, DelimitedText
from pipeline.sources.places.files import Files
from pipeline.sources.places.trees import Folder
from pipeline.sources.source import SPLIT_NAMES
from pipeline.targets.protocols.labels import Labels

JSON_SUFFIXES = (".jsonl", ".ndjson")
SUFFIXES = (".csv", ".tsv", *JSON_SUFFIXES, ".parquet")
STEMS = {"manifest", "metadata", "labels", "annotations", "index", "data", *SPLIT_NAMES}
MAX_BYTES = 4 << 30

# Columns by role, with what they are usually called; `content` and `label` are called as the
# modality and the target say.
USUAL_NAMES = {
    "content": (),
    "label": (),
    "id": ("id",),
    "split": ("split", "subset"),
    "group": ("group",),
    "time": (),
    "user": (),
    "known_at": (),
    "license": ("license", "licence"),
    "purposes": ("purposes", "purpose"),
    "annotator": ("annotator", "worker", "rater"),
}


class Roles(NamedTuple):
    """What the columns of a manifest may be, by role."""

    usual: dict[str, Sequence[str]]
    """What they are usually called, the most telling name first."""
    keys: dict[str, str]
    """What an entry calls the role."""
    columns: Columns
    """Those that the entry names."""
    slices: Sequence[str] = ()
    """Further columns that it names, which are their own roles, as `slice_<name>`."""

    def named(self, role: str) -> str | None:
        """The column that the entry names for a role."""
        if role.startswith(SLICE):
            return role.removeprefix(SLICE)
        name: str | None = getattr(self.columns, self.keys[role], None)
        return name


def roles_of(entry: Entry, prepare: Prepare, labels: Labels) -> Roles:
    own = {"content": content_column(prepare), "label": labels.COLUMN}
    usual = {"content": prepare.USUAL_NAMES, "label": labels.USUAL_NAMES}
    of_slices: dict[str, Sequence[str]] = {SLICE + name: () for name in entry.slices}
    return Roles(
        {**USUAL_NAMES, **usual, **of_slices},
        {role: own.get(role, role) for role in USUAL_NAMES} | dict.fromkeys(of_slices, "slices"),
        entry.columns,
        entry.slices,
    )


class Manifest(NamedTuple):
    """A manifest as a table with our names for its columns."""

    table: pa.Table
    folder: str
    """What its paths start from, in the tree: empty, or ending with a slash."""


def find_manifests(files: Files, roles: Roles) -> list[str]:
    """Find the names of the manifests: the one that uri names, or those under usual names.

    Raises:
        SourceError: there are several, and nothing tells which counts.
    """
    candidates = [name for name in files.others if name.lower().endswith(SUFFIXES)]
    if len(files.members) > 1:
        candidates = [name for name in candidates if PurePosixPath(name).stem.lower() in STEMS]
        # One at the root, or one in each split folder, whatever folders hold them all.
        depth = min((name.count("/") for name in candidates), default=0)
        candidates = [name for name in candidates if name.count("/") == depth]
    manifests = [name for name in candidates if _is_manifest(files, name, roles)]
    keys = [
        (path.parent, SPLIT_NAMES.get(path.stem.lower())) for path in map(PurePosixPath, manifests)
    ]
    folders = [folder for folder, _ in keys]
    # Several are of one dataset when each has its own folder, or is called like its own split.
    if any(keys.count(k) > 1 or (folders.count(k[0]) > 1 and k[1] is None) for k in keys):
        raise SourceError(
            f"{files.where} has several manifests: {', '.join(manifests[:4])}",
            fix="point uri at the one that counts",
        )
    return manifests


def _is_manifest(files: Files, name: str, roles: Roles) -> bool:
    if name.lower().endswith(".parquet"):
        try:
            schema = pq.read_schema(_open(files, name))
        except (pa.ArrowException, OSError):
            return False  # the kind that reads Parquet says what is wrong
        columns = [f.name for f in schema if pa.types.is_string(f.type) or _is_plain(f.type)]
    elif len(files.members) == 1:
        return True  # nothing else it could be; read_manifest says what it lacks
    elif name.lower().endswith(JSON_SUFFIXES):
        with _open(files, name) as file:
            columns = _json_keys(bytes(file.read(START_BYTES)))
    else:
        columns = _text(files, name).header("replace")
    return all(_column(columns, role, roles) is not None for role in ("content", "label"))


def _open(files: Files, name: str) -> pa.NativeFile:
    """Open a manifest as a file, which is in memory only where it lies in an archive."""
    member = files.members[name]
    if isinstance(files.tree, Folder) and not member.problem:
        return pa.OSFile(str(files.tree.root / member.path))
    return pa.BufferReader(files.read(name, MAX_BYTES))


def _text(files: Files, name: str) -> DelimitedText:
    return DelimitedText(partial(_open, files, name))


def _is_plain(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_integer(kind)
        or pa.types.is_floating(kind)
        or pa.types.is_large_string(kind)
        or pa.types.is_dictionary(kind)
        or pa.types.is_boolean(kind)
    )


def _json_keys(start: bytes) -> list[str]:
    keys: dict[str, None] = {}
    for line in start.decode("utf-8-sig", "replace").splitlines():
        try:
            row = json.loads(line)
        except ValueError:  # blank, or cut off
            continue
        keys |= dict.fromkeys(row if isinstance(row, dict) else ())
    return list(keys)


def _column(columns: list[str], role: str, roles: Roles) -> str | None:
    """The column that the entry names, or the first with a usual name of the role."""
    if (name := roles.named(role)) is not None:
        return name if name in columns else None
    by_name = {column.strip().lower(): column for column in reversed(columns)}
    return next((by_name[usual] for usual in roles.usual[role] if usual in by_name), None)


def read_manifest(files: Files, name: str, roles: Roles) -> Manifest:
    """Read a manifest as text, with our names for its columns; null where a cell is blank.

    Raises:
        SourceError: it is damaged, or has no column of contents or of labels.
    """
    where = files.where if len(files.members) == 1 else f"{name} of {files.where}"
    try:
        if name.lower().endswith(".parquet"):
            table = pq.read_table(_open(files, name))
        elif name.lower().endswith(JSON_SUFFIXES):
            table = _read_json(files, name)
        else:
            table = _read_csv(files, name, where)
    except (pa.ArrowException, OSError, UnicodeDecodeError, csv.Error) as error:
        reason = _first_bad_line(files, name) or " ".join(str(error).split())[:300]
        raise SourceError(
            f"{where} cannot be read: {reason}",
            fix="save it as UTF-8 with as many values in each row as columns, each of one kind",
        ) from None
    columns = _find_columns(table, roles, where)
    texts = {
        role: pc.utf8_trim_whitespace(table[c].cast(pa.string())) for role, c in columns.items()
    }
    texts = {
        role: pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text)
        for role, text in texts.items()
    }
    return Manifest(pa.table(texts), name[: name.rfind("/") + 1])


def _find_columns(table: pa.Table, roles: Roles, where: str) -> dict[str, str]:
    """The columns that a manifest has, by role.

    Raises:
        SourceError: it has none of contents or of labels, lacks one that the entry names, or has
            values in one that are neither texts nor numbers.
    """
    columns = {role: _column(table.column_names, role, roles) for role in roles.usual}
    for role in ("content", "label"):
        if columns[role] is None:
            key = roles.keys[role]
            raise SourceError(
                f"{where} has no column that names the {key}; it has "
                f"{', '.join(table.column_names) or 'none'}",
                fix=f"name it in the catalog entry, under columns: {key}:",
            )
    for role, column in columns.items():
        if column is None and (name := roles.named(role)) is not None:
            raise SourceError(
                f"{where} has no column {name}; it has {', '.join(table.column_names)}",
                fix="correct slices: in the catalog entry"
                if role.startswith(SLICE)
                else f"correct columns: {roles.keys[role]}: in the catalog entry",
            )
    for column in filter(None, columns.values()):
        kind = table.schema.field(column).type
        if not (pa.types.is_string(kind) or pa.types.is_temporal(kind) or _is_plain(kind)):
            raise SourceError(
                f"{where} has {kind} in column {column}, expected a text or a number a row",
                fix="name another column in the catalog entry, under columns:",
            )
    return {role: column for role, column in columns.items() if column is not None}


def _read_csv(files: Files, name: str, where: str) -> pa.Table:
    text = _text(files, name)
    header = text.header()
    named = [column for column in header if column]
    if len(set(named)) < len(named):
        raise SourceError(
            f"{where} has two columns of one name: {', '.join(header)}", fix="rename one of them"
        )
    return pa.csv.read_csv(_open(files, name), **text.arrow_options(named))


def _read_json(files: Files, name: str) -> pa.Table:
    options = pa.json.ReadOptions(block_size=BLOCK_BYTES)
    table = pa.json.read_json(_open(files, name), options)
    times = [field.name for field in table.schema if pa.types.is_timestamp(field.type)]
    if not times:
        return table
    # Text that looks like a date is text: it would come back as another one.
    schema = pa.schema([(column, pa.string()) for column in times])
    return pa.json.read_json(
        _open(files, name), options, pa.json.ParseOptions(explicit_schema=schema)
    )


def _first_bad_line(files: Files, name: str) -> str | None:
    """Say what is wrong in which line; None where that cannot be told."""
    if name.lower().endswith(".parquet"):
        return None
    if not name.lower().endswith(JSON_SUFFIXES):
        return _text(files, name).first_bad_line()
    data = files.read(name, MAX_BYTES)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return f"line {line} is no UTF-8"
    for line, content in enumerate(text.split("\n"), 1):
        try:
            json.loads(content or "{}")
        except ValueError as error:
            return f"line {line} is no JSON: {error}"
    return None


def place_of_row(files: Files, name: str, row: int) -> str:
    """Where a row is, as an editor would show it: `line 7`; `row 5` of a Parquet file."""
    if name.lower().endswith(".parquet"):
        return f"row {row}"
    if not name.lower().endswith(JSON_SUFFIXES):
        return f"line {_text(files, name).line_of(row)}"
    text = files.read(name, MAX_BYTES).decode("utf-8-sig", "replace")
    starts = [number for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    return f"line {starts[row]}"
