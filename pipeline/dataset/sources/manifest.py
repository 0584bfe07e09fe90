"""Manifests: a CSV, JSON Lines or Parquet table that names each image and its label.

The image is named by a path, relative to the manifest's folder (also inside an archive), or by a
URL. Further columns are used when they are there: id, split, group, license, purposes, annotator.
With annotators, an image has a row for each of them: the label of most counts as the given one.
Where no column tells the split, folders do if all images lie in ones called `train`, `test` ….

A manifest may be a stranger's: no row can make us read a file outside its folder.
"""

import csv
import io
import posixpath
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import PurePosixPath
from urllib.parse import quote, urlsplit

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.dataset.catalog import Entry
from pipeline.dataset.sources import (
    EXAMPLES_PER_BATCH,
    SPLIT_NAMES,
    Batch,
    Source,
    examples_table,
    file_batches,
    in_order,
)
from pipeline.dataset.sources.fetch import fetch_file, is_remote, without_secrets
from pipeline.dataset.sources.manifest_tables import (
    MAX_BYTES,
    USUAL_NAMES,
    Manifest,
    find_manifests,
    read_manifest,
)
from pipeline.dataset.sources.members import named
from pipeline.dataset.sources.trees import Files, Folder, Member, UnusableFile
from pipeline.runtime.errors import SourceError, one_line

URL_SCHEMES = ("http://", "https://", "s3://", "gs://", "az://", "abfs://")
URLS_AT_ONCE = 16
URLS_PER_BATCH = 64  # nobody knows their size before they are here
ROWS_AT_ONCE = 16384
ROWS_LOOKED_AT = 100
OF_IMAGE = ["split", "group", "license", "purposes", "place", "problem"]
OUTSIDE = "a path that leads outside the folder"
# A row: where its image is (a path in the tree, or a URL), or why it has none.
ROW_SCHEMA = pa.schema(
    [(role, pa.string()) for role in USUAL_NAMES if role != "image"]
    + [("place", pa.string()), ("problem", pa.string()), ("at", pa.int64())]
)


def recognises(files: Files, entry: Entry) -> bool:
    return any(_names_images(files, name, entry) for name in find_manifests(files, entry))


def _names_images(files: Files, name: str, entry: Entry) -> bool:
    """Whether a table names images that are there, rather than holds them, or names other things.

    Of a folder without any image it is believed; its rows then say that there are none.
    """
    if name.lower().endswith(".parquet") and isinstance(files.tree, Folder):
        schema = pq.read_schema(files.tree.root / files.members[name].path)
        is_bytes = (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_struct)
        if any(test(kind) for kind in schema.types for test in is_bytes):
            return False
    if len(files.others) == len(files.members):
        return True
    try:
        part = read_manifest(files, name, entry)
    except SourceError:
        return True  # open_source says what is wrong
    found = [
        _locate(text, part.folder, "")[:2]
        for text in part.table["image"].slice(0, ROWS_LOOKED_AT).to_pylist()
    ]
    return not found or any("://" in place or id in files.members for place, id in found)


def open_source(entry: Entry, files: Files, max_bytes: float) -> Source:
    """Read the manifest whole, as columns: it is small beside the images.

    Raises:
        SourceError: it is damaged, lacks a column, or says two things of one example.
    """
    found = find_manifests(files, entry)
    if not found:
        raise SourceError(
            f"{files.where} has no manifest with a column that names images and one of labels",
            fix="name the columns in the catalog entry, under columns:",
        )
    parts = [read_manifest(files, name, entry) for name in found]
    has_annotators = any("annotator" in part.table.column_names for part in parts)
    rows = _rows(parts, found, files, entry)
    place_of = partial(_place_of, parts=parts, names=found, files=files)
    rows = _once_each(
        rows, ["id", "annotator"] if has_annotators else ["id"], place_of, files.where
    )
    annotations = None
    if has_annotators:
        said = pc.and_(pc.is_valid(rows["label"]), pc.is_valid(rows["annotator"]))
        annotations = rows.filter(said).select(["id", "annotator", "label"])
        rows = _by_majority(rows, place_of, files.where)
    name_of = _class_names(rows["label"], entry, files.where)
    labels = _each(rows["label"], name_of)
    if entry.classes:
        reason = _each(rows["label"], lambda label: f"label {label} is none of the classes")
        known = pc.is_in(labels, pa.array([*entry.classes, None], pa.string()))
        rows = _replace(rows, problem=pc.if_else(known, rows["problem"], reason))
    rows = _replace(rows, label=labels)
    if annotations is not None:
        annotations = _replace(annotations, label=_each(annotations["label"], name_of))
    return Source(
        classes=entry.classes or in_order(_distinct(labels)),
        num_examples=rows.num_rows,
        splits=frozenset(_distinct(rows["split"]) & {"train", "val", "test"}),
        batches=_batches(rows, files, max_bytes),
        annotations=annotations,
    )


def _rows(parts: list[Manifest], names: list[str], files: Files, entry: Entry) -> pa.Table:
    """The rows of all manifests, in ROW_SCHEMA."""
    top = posixpath.commonpath([part.folder.rstrip("/") for part in parts])
    if PurePosixPath(top).name.lower() in SPLIT_NAMES:
        top = posixpath.dirname(top)  # so that ids stay when a folder of another split comes
    is_alone = isinstance(files.tree, Folder) and len(files.members) == 1
    base = _folder_of_url(entry.uri) if is_alone and is_remote(entry.uri) else ""
    table = pa.concat_tables(
        [
            _located(part, name, top + "/" if top else "", base, len(parts) > 1)
            for part, name in zip(parts, names, strict=True)
        ],
        promote_options="permissive",
    )
    table = _replace(table, at=pa.array(range(table.num_rows), pa.int64()))
    for field in ROW_SCHEMA:
        if field.name not in table.column_names:
            table = table.append_column(field, pa.nulls(table.num_rows, field.type))
    seen = table["split_seen"]
    if table["split"].null_count == len(table) and not seen.null_count and len(_distinct(seen)) > 1:
        table = _replace(table, split=seen)
    given = _distinct(table["split"])
    unknown = {name for name in given if name.lower() not in SPLIT_NAMES}
    if given and given == unknown and not table["split"].null_count:
        raise SourceError(
            f"{files.where} has the unknown split {min(unknown)!r}",
            fix=f"the known ones are {', '.join(SPLIT_NAMES)}",
        )
    reason = _each(table["split"], lambda n: f"unknown split {n}" if n in unknown else None)
    return _replace(
        table,
        split=_each(table["split"], lambda name: SPLIT_NAMES.get(name.lower())),
        purposes=_each(table["purposes"], lambda text: " ".join(re.split(r"[,;\s]+", text))),
        problem=pc.coalesce(reason, table["problem"]),
    ).select(ROW_SCHEMA.names)


def _located(part: Manifest, name: str, top: str, base: str, is_one_of_several: bool) -> pa.Table:
    """The rows of one manifest, each with its id, its place or problem, and its folder's split."""
    places: list[str] = []
    ids: list[str] = []
    problems: list[str | None] = []
    splits: list[str | None] = []
    for batch in part.table.select(["image"]).to_batches(ROWS_AT_ONCE):
        for text in batch["image"].to_pylist():
            place, id, problem = _locate(text, part.folder, base)
            places.append(place)
            id = id.removeprefix(top) or f"{name}:{len(ids)}"
            ids.append(id)
            problems.append(problem)
            folder, _, below = id.partition("/")
            splits.append(SPLIT_NAMES.get(folder.lower()) if below else None)
    table = part.table.drop_columns("image")
    # Letters with accents are written in two ways; a class, group or id is one all the same.
    table = _replace(table, **{n: pc.utf8_normalize(table[n], "NFC") for n in table.column_names})
    columns = {
        "id": pa.array(ids, pa.string()),
        "place": pa.array(places, pa.string()),
        "problem": pa.array(problems, pa.string()),
        "split_seen": pa.array(splits, pa.string()),
    }
    if "id" in table.column_names:
        columns["id"] = pc.coalesce(table["id"], columns["id"])
    if "license" in table.column_names:
        is_blank = pc.is_null(table["license"])
        columns["problem"] = pc.if_else(is_blank, "no licence", columns["problem"])
    split = SPLIT_NAMES.get(PurePosixPath(name).stem.lower())
    if is_one_of_several and split and "split" not in table.column_names:  # train.csv, test.csv
        columns["split"] = pa.array([split] * len(ids), pa.string())
    return _replace(table, **columns)


def _locate(text: str | None, folder: str, base: str) -> tuple[str, str, str | None]:
    """Place, id and problem of what a manifest names."""
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
        return "", one_line(text), OUTSIDE  # as it is: inside there may be one of that name
    if base and not member.problem:
        place = base + (quote(place) if base.startswith("http") else place)
    return place, member.name, member.problem or None


def _folder_of_url(uri: str) -> str:
    """The URL that paths beside `uri` start with, user and password included."""
    parts = urlsplit(uri)
    return f"{parts.scheme}://{parts.netloc}{parts.path[: parts.path.rfind('/') + 1]}"


def _once_each(
    rows: pa.Table, keys: list[str], place_of: Callable[[int], str], where: str
) -> pa.Table:
    """The rows without those that repeat another, of which none contradicts another.

    Raises:
        SourceError: two rows say different things of one key.
    """
    if "annotator" not in keys and len(pc.unique(rows["id"])) == rows.num_rows:
        return rows
    rows = _first_of_like(rows, [name for name in rows.column_names if name != "at"])
    _refuse_contradictions(rows, keys, place_of, where)
    return rows


def _by_majority(rows: pa.Table, place_of: Callable[[int], str], where: str) -> pa.Table:
    """A row for each id, with the label of most annotators, the first of equals."""
    examples = _first_of_like(rows, ["id", *OF_IMAGE])
    _refuse_contradictions(examples, ["id"], place_of, where, but=("label", "annotator"))
    votes = (
        rows.filter(pc.is_valid(rows["label"]))
        .group_by(["id", "label"], use_threads=False)
        .aggregate([("at", "count"), ("at", "min")])
        .sort_by([("at_count", "descending"), ("at_min", "ascending")])
        .group_by("id", use_threads=False)
        .aggregate([("label", "first")])
    )
    won = pc.index_in(examples["id"], votes["id"].combine_chunks())
    return _replace(examples, label=votes["label_first"].take(won))


def _first_of_like(rows: pa.Table, columns: list[str]) -> pa.Table:
    """Of the rows that are alike in these columns, the first, in order."""
    first = rows.group_by(columns, use_threads=False).aggregate([("at", "min")])["at_min"]
    return rows.filter(pc.is_in(rows["at"], first.combine_chunks()))


def _refuse_contradictions(
    rows: pa.Table,
    keys: list[str],
    place_of: Callable[[int], str],
    where: str,
    but: tuple[str, ...] = (),
) -> None:
    counts = rows.group_by(keys, use_threads=False).aggregate([("at", "count"), ("at", "min")])
    several = counts.filter(pc.greater(counts["at_count"], 1)).sort_by("at_min")
    if not several.num_rows:
        return
    alike = rows
    for key in keys:
        value = several[key][0]
        same = pc.equal(alike[key], value) if value.is_valid else pc.is_null(alike[key])
        alike = alike.filter(same)
    first, second = alike.slice(0, 2).to_pylist()
    differing = next(
        n for n in rows.column_names if n not in (*but, "at") and first[n] != second[n]
    )
    lines = [place_of(row["at"]) for row in (first, second)]
    is_image = differing in ("place", "problem")
    said = "" if is_image else f" ({first[differing]}, {second[differing]})"
    more = f"; so do rows of {several.num_rows - 1} more" if several.num_rows > 1 else ""
    raise SourceError(
        f"{where} says two things of {first['id']}: {' and '.join(lines)} differ in "
        f"{'image' if is_image else differing}{said}{more}",
        fix="give each image an id of its own, in a column id"
        if is_image
        else "let the rows of an image differ in annotator and label alone"
        if "annotator" in (*keys, *but)
        else "keep one row for each image, or name the annotator of each in a column",
    )


def _place_of(at: int, parts: list[Manifest], names: list[str], files: Files) -> str:
    """Where row `at` of all manifests is, as an editor would show it: `line 3 of train.csv`."""
    for part, name in zip(parts, names, strict=True):
        if at < part.table.num_rows:
            line = _line_of(at, name, files)
            return line if len(parts) == 1 else f"{line} of {name}"
        at -= part.table.num_rows
    raise AssertionError("no such row")


def _line_of(row: int, name: str, files: Files) -> str:
    if name.lower().endswith(".parquet"):
        return f"row {row}"
    text = files.read(name, MAX_BYTES).decode("utf-8-sig", "replace")
    if name.lower().endswith((".jsonl", ".ndjson")):
        starts = [number for number, line in enumerate(text.split("\n"), 1) if line.strip()]
        return f"line {starts[row]}"
    delimiter = max(",;\t", key=text.partition("\n")[0].count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    starts, before = [], 0
    for values in reader:
        starts += [before + 1] if values else []
        before = reader.line_num
    return f"line {starts[row + 1]}"  # after the header


def _class_names(labels: pa.ChunkedArray, entry: Entry, where: str) -> Callable[[str], str | None]:
    """What makes a class name of a label: nothing, or the entry's classes for their indices.

    Raises:
        SourceError: no label is one of the entry's classes, nor an index of one.
    """
    found = _distinct(labels)
    if not entry.classes or not found or found & set(entry.classes):
        return lambda label: label
    names: dict[str, str | None] = {str(code): name for code, name in enumerate(entry.classes)}
    if not found & names.keys():
        raise SourceError(
            f"{where} has no label that the entry's classes name; the first is {min(found)!r}",
            fix="correct classes: in the catalog entry, or leave it out",
        )
    names["-1"] = None  # usual for unlabelled
    return lambda label: names.get(label, label)


def _distinct(column: pa.ChunkedArray) -> set[str]:
    return set(pc.unique(column).to_pylist()) - {None}


def _each(column: pa.ChunkedArray, function: Callable[[str], str | None]) -> pa.ChunkedArray:
    """A column of the function's values; it is asked once for each distinct text."""
    texts = pc.unique(column).drop_null()
    values = pa.array([function(text) for text in texts.to_pylist()], pa.string())
    return values.take(pc.index_in(column, texts))


def _replace(table: pa.Table, **columns: pa.Array | pa.ChunkedArray) -> pa.Table:
    for name, column in columns.items():
        index = table.schema.get_field_index(name)
        if index < 0:
            table = table.append_column(name, column)
        else:
            table = table.set_column(index, name, column)
    return table


@dataclass(frozen=True)
class UrlBatch:
    """A batch of images that are each behind a URL; they are fetched into the shared cache."""

    urls: list[str]
    max_bytes: float
    columns: dict[str, list[str | None]]

    def __call__(self) -> pa.Table:
        with ThreadPoolExecutor(URLS_AT_ONCE) as pool:
            found = list(pool.map(self._fetch, self.urls))
        return examples_table(
            [id for id in self.columns["id"] if id is not None],
            **{name: values for name, values in self.columns.items() if name != "id"},
            image=[data for data, _ in found],
            problem=[problem for _, problem in found],
            source=[without_secrets(url) for url in self.urls],
        )

    def _fetch(self, url: str) -> tuple[bytes | None, str | None]:
        try:
            return fetch_file(url, self.max_bytes).read_bytes(), None
        except (SourceError, OSError, ValueError) as error:  # odd hosts make parsers raise
            return None, getattr(error, "what", str(error))


def _batches(rows: pa.Table, files: Files, max_bytes: float) -> Iterator[Batch]:
    """Files are looked for only here, while workers read those found before."""
    names = ["id", "label", "split", "group", "license", "purposes"]
    for chunk in rows.combine_chunks().to_batches(EXAMPLES_PER_BATCH):
        columns = {name: chunk[name].to_pylist() for name in [*names, "place", "problem"]}
        wanted = list(zip(columns["place"], columns["problem"], strict=True))
        is_url = [problem is None and "://" in place for place, problem in wanted]
        local = [i for i, remote in enumerate(is_url) if not remote]
        members = [wanted[i][1] or _find(files, wanted[i][0]) for i in local]
        yield from file_batches(
            files.tree, members, {n: [columns[n][i] for i in local] for n in names}, max_bytes
        )
        remote = [i for i, remote in enumerate(is_url) if remote]
        for start in range(0, len(remote), URLS_PER_BATCH):
            part = remote[start : start + URLS_PER_BATCH]
            urls = [columns["place"][i] for i in part]
            yield UrlBatch(urls, max_bytes, {n: [columns[n][i] for i in part] for n in names})


def _find(files: Files, path: str) -> Member | str:
    """The file at a path of the tree, or why there is none."""
    member = files.members.get(named(path, 0, 0, "").name)
    if member is None and isinstance(files.tree, Folder):
        try:
            member = files.tree.find(path)
        except UnusableFile as error:
            return str(error)
    return member or "there is no such file"
