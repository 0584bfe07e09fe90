"""Rows of manifests: the id of each example, the place of its content, its problem.

A manifest is not trusted: no row can make us read a file outside its folder.
"""

import posixpath
import re
from collections.abc import Callable, Sequence
from pathlib import PurePosixPath
from urllib.parse import quote, urlsplit

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.dataset.addresses import is_remote, without_secrets
from pipeline.dataset.catalog import Entry
from pipeline.dataset.table import SLICE
from pipeline.ingest.sources.kinds.manifest.tables import USUAL_NAMES, Manifest
from pipeline.runtime.errors import SourceError, one_line
from pipeline.sources.places.files import Files
from pipeline.sources.places.members import named
from pipeline.sources.places.trees import Folder
from pipeline.sources.source import SPLIT_NAMES
from pipeline.sources.tables.harmless import harmless, harmless_ids

URL_SCHEMES = ("http://", "https://", "s3://", "gs://", "az://", "abfs://")
ROWS_AT_ONCE = 16384
OUTSIDE = "a path that leads outside the folder"
# place is where the content is (a path in the tree, or a URL), problem why it cannot be used, and
# at the number of the row in all manifests, text the name as the row has it.
ROW_SCHEMA = pa.schema(
    [(role, pa.string()) for role in USUAL_NAMES if role != "content"]
    + [("place", pa.string()), ("problem", pa.string()), ("at", pa.int64()), ("text", pa.string())]
)


def row_schema(slices: Sequence[str]) -> pa.Schema:
    """ROW_SCHEMA with the columns of slices."""
    return pa.schema([*ROW_SCHEMA, *(pa.field(SLICE + name, pa.string()) for name in slices)])


def all_rows(parts: list[Manifest], names: list[str], files: Files, entry: Entry) -> pa.Table:
    """Join the rows of all manifests, in `row_schema`.

    Raises:
        SourceError: every split that they name is unknown.
    """
    top = posixpath.commonpath([part.folder.rstrip("/") for part in parts])
    if PurePosixPath(top).name.lower() in SPLIT_NAMES:
        top = posixpath.dirname(top)  # so that ids stay when a folder of another split comes
    is_alone = isinstance(files.tree, Folder) and len(files.members) == 1
    base = _folder_of_url(entry.uri) if is_alone and is_remote(entry.uri) else ""
    table = pa.concat_tables(
        [
            _rows_of(
                part, name, top + "/" if top else "", base, len(parts) > 1, entry.columns.strip
            )
            for part, name in zip(parts, names, strict=True)
        ],
        promote_options="permissive",
    )
    table = with_columns(table, at=pa.array(range(table.num_rows), pa.int64()))
    schema = row_schema(entry.slices)
    for field in schema:
        if field.name not in table.column_names:
            table = table.append_column(field, pa.nulls(table.num_rows, field.type))
    seen = table["split_seen"]
    if table["split"].null_count == len(table) and not seen.null_count and len(distinct(seen)) > 1:
        table = with_columns(table, split=seen)
    splits = distinct(table["split"])
    unknown = {name for name in splits if name.lower() not in SPLIT_NAMES}
    if splits and splits == unknown and not table["split"].null_count:
        raise SourceError(
            f"{files.where} has the unknown split {min(unknown)!r}",
            fix=f"the known ones are {', '.join(SPLIT_NAMES)}",
        )
    reason = map_texts(table["split"], lambda n: f"unknown split {n}" if n in unknown else None)
    return with_columns(
        table,
        split=map_texts(table["split"], lambda name: SPLIT_NAMES.get(name.lower())),
        purposes=map_texts(table["purposes"], lambda text: " ".join(re.split(r"[,;\s]+", text))),
        problem=pc.coalesce(reason, table["problem"]),
    ).select(schema.names)


def _rows_of(
    part: Manifest,
    name: str,
    top: str,
    base: str,
    is_one_of_several: bool,
    strip: str | None,
) -> pa.Table:
    """The rows of one manifest, with ids, places or problems, and the splits of folders."""
    places: list[str] = []
    ids: list[str] = []
    problems: list[str | None] = []
    splits: list[str | None] = []
    for batch in part.table.select(["content"]).to_batches(ROWS_AT_ONCE):
        for text in batch["content"].to_pylist():
            place, id, problem = locate(without_start(text, strip), part.folder, base)
            places.append(place)
            id = id.removeprefix(top) or f"{name}:{len(ids)}"
            ids.append(id)
            problems.append(problem)
            folder, _, below = id.partition("/")
            splits.append(SPLIT_NAMES.get(folder.lower()) if below else None)
    table = part.table.drop_columns("content")
    # Unicode writes letters with accents in two ways; a label, group or id must be one.
    table = with_columns(
        table,
        **{
            n: (harmless_ids if n == "id" else harmless)(pc.utf8_normalize(table[n], "NFC"))
            for n in table.column_names
        },
    )
    columns = {
        "id": pa.array(ids, pa.string()),
        "place": pa.array(places, pa.string()),
        "problem": pa.array(problems, pa.string()),
        "split_seen": pa.array(splits, pa.string()),
        "text": part.table["content"],
    }
    if "id" in table.column_names:
        columns["id"] = pc.coalesce(table["id"], columns["id"])
    if "license" in table.column_names:
        is_blank = pc.is_null(table["license"])
        columns["problem"] = pc.if_else(is_blank, "no licence", columns["problem"])
    split = SPLIT_NAMES.get(PurePosixPath(name).stem.lower())
    if is_one_of_several and split and "split" not in table.column_names:  # train.csv, test.csv
        columns["split"] = pa.array([split] * len(ids), pa.string())
    return with_columns(table, **columns)


def without_start(text: str | None, start: str | None) -> str | None:
    """Remove the start that a path has on another machine, with slashes of either kind."""
    if text is None or start is None:
        return text
    path, start = text.replace("\\", "/"), start.replace("\\", "/").rstrip("/") + "/"
    return path[len(start) :] if path.lower().startswith(start.lower()) else text


def locate(text: str | None, folder: str, base: str) -> tuple[str, str, str | None]:
    """Find place, id and problem of the content that a cell names.

    `folder` is the manifest's in the tree; `base` is the URL of relative paths, or empty.
    """
    if text is None:
        return "", "", "no file named"
    if "://" in text:
        scheme, _, rest = text.partition("://")
        url = f"{scheme.lower()}://{rest}"
        try:
            id = without_secrets(url)
        except ValueError:  # urlsplit is strict about brackets
            return "", "", "no valid URL"
        id = id if id.isprintable() else one_line(id)
        if "::" in url and not url.startswith("http"):
            return "", id, "a chain of file systems"  # fsspec would follow it anywhere
        if url.startswith(URL_SCHEMES):
            return url, id, None
        return "", id, f"a URL that starts with none of {', '.join(URL_SCHEMES)}"
    path = text.replace("\\", "/")
    place = posixpath.normpath(folder + path)
    member = named(place, 0, 0, "")  # its name is safe to show
    if path.startswith("/") or path[1:2] == ":" or place.split("/", 1)[0] == "..":
        # The text unchanged: an archive may have a file of that name.
        return "", one_line(text), OUTSIDE
    if base and not member.problem:
        place = base + (quote(place) if base.startswith("http") else place)
    return place, member.name, member.problem or None


def _folder_of_url(uri: str) -> str:
    """The URL of the folder of `uri`, user and password included."""
    parts = urlsplit(uri)
    return f"{parts.scheme}://{parts.netloc}{parts.path[: parts.path.rfind('/') + 1]}"


def distinct(column: pa.ChunkedArray) -> set[str]:
    """The distinct texts in a column."""
    return set(pc.unique(column).to_pylist()) - {None}


def map_texts(column: pa.ChunkedArray, function: Callable[[str], str | None]) -> pa.ChunkedArray:
    """Map a column; the function is called once for each distinct text."""
    texts = pc.unique(column).drop_null()
    values = pa.array([function(text) for text in texts.to_pylist()], pa.string())
    return values.take(pc.index_in(column, texts))


def with_columns(table: pa.Table, **columns: pa.Array | pa.ChunkedArray) -> pa.Table:
    """Set columns of a table: those of the same names are replaced, others appended."""
    for name, column in columns.items():
        index = table.schema.get_field_index(name)
        if index < 0:
            table = table.append_column(name, column)
        else:
            table = table.set_column(index, name, column)
    return table
