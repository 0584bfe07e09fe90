"""The example table: its Arrow schema, and folders of Parquet files with an index.

A folder is whole when its index.json is there: it is written last, and lists every file with
its rows and digest, then its own digest.
"""

import hashlib
import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.runtime.errors import MissingInput
from pipeline.runtime.json_files import read_sealed, seal, write_json
from pipeline.runtime.stage import INDEX

SPLITS = ["train", "val", "test"]
ANNOTATIONS = "annotations.parquet"  # in data/raw: id, annotator, label
WORD = pa.dictionary(pa.int32(), pa.string())  # one of a few strings


SLICE = "slice_"  # prefix of the columns by whose values evaluate reports


def raw_schema(
    content: Sequence[pa.Field],
    label: pa.Field,
    measured: Sequence[pa.Field],
    time: str | None = None,
    slices: Sequence[str] = (),
) -> pa.Schema:
    """Columns of data/raw: content, label, measurements, provenance.

    `time` is the type of the column `time`, by its name in Arrow, where there is one; `slices` are
    columns of the source, as `slice_<name>`.
    """
    return pa.schema(
        [
            pa.field("id", pa.string(), nullable=False),
            *content,  # null when unusable
            label,  # null when unlabelled
            pa.field("split", WORD),
            pa.field("group", pa.string()),
            *([pa.field("time", pa.type_for_alias(time))] if time else []),
            *(pa.field(SLICE + name, WORD) for name in slices),
            pa.field("sha256", pa.string()),  # of the content as it is stored; null when unusable
            pa.field("source_sha256", pa.string()),  # of the bytes as the source had them
            pa.field("source", WORD),
            pa.field("license", WORD),
            pa.field("purposes", WORD),  # allowed purposes, separated by spaces; null: any
            *measured,
            pa.field("metadata_removed", WORD),  # kinds, comma-separated; empty for none
            pa.field("problem", pa.string()),  # why the example is unusable; null when it is fine
        ]
    )


def clean_schema(raw: pa.Schema, label: str = "label") -> pa.Schema:
    """Columns of data/clean, from those of data/raw; `label` is the column of labels."""
    return pa.schema(
        [field for field in raw if field.name != "problem"]
        + [
            pa.field(f"{label}_given", raw.field(label).type),  # as the source has it
            pa.field("label_quality", pa.float32()),  # 0 surely wrong to 1 surely right; or null
            pa.field(
                "suspected", pa.bool_()
            ),  # more likely wrong than right, and nobody has decided
            pa.field("weight", pa.float32()),  # of the example in the training loss
        ]
    )


MEND = "groundwork repair --cache && dvc repro"
"""Restores a stage's output, even if the copy in DVC's cache is damaged too."""

ROW_GROUP_BYTES = 1 << 20  # of contents: to show one of them, as much is read

OWN_DIGEST = "index_sha256"  # of the text of index.json without this key


def words(values: Sequence[str | None], vocabulary: list[str] | None = None) -> pa.DictionaryArray:
    """Encode as a dictionary: the given one, or that of the sorted values."""
    if vocabulary is None:
        vocabulary = sorted({value for value in values if value is not None})
    codes = {word: code for code, word in enumerate(vocabulary)}
    indices = pa.array([None if v is None else codes[v] for v in values], pa.int32())
    return pa.DictionaryArray.from_arrays(indices, pa.array(vocabulary, pa.string()))


def part_name(number: int, stem: str = "part") -> str:
    return f"{stem}-{number:05d}.parquet"


def write_part(folder: Path, number: int, table: pa.Table, stem: str = "part") -> dict[str, Any]:
    """Write one file of a folder; returns its entry for the index."""
    path = folder / part_name(number, stem)
    write_examples(table, path)
    return {"name": path.name, "rows": table.num_rows, "sha256": file_sha256(path)}


def write_examples(table: pa.Table, path: Path) -> None:
    """Write one table by one call with every option fixed: the same table, the same bytes.

    Columns of bytes are contents: a row group holds about ROW_GROUP_BYTES of them; a table
    without contents is one row group.
    """
    path.unlink(missing_ok=True)  # it may be a hard link to another file
    words = [field.name for field in table.schema if pa.types.is_dictionary(field.type)]
    # Contents are compressed already, and digests cannot be.
    plain = [*_contents(table.schema), *(n for n in table.schema.names if n.endswith("sha256"))]
    others = [name for name in table.schema.names if name not in plain]
    pq.write_table(
        table,
        path,
        version="2.6",
        compression=dict.fromkeys(others, "zstd") | dict.fromkeys(plain, "none"),
        use_dictionary=words,
        write_page_checksum=True,
        row_group_size=_rows_per_group(table),
    )


def _rows_per_group(table: pa.Table) -> int | None:
    """How many rows hold ROW_GROUP_BYTES of contents; None where there are no contents."""
    # nbytes would depend on how the values are chunked.
    lengths = (pc.sum(pc.binary_length(table[name])).as_py() for name in _contents(table.schema))
    num_bytes = sum(filter(None, lengths))
    return max(1, table.num_rows * ROW_GROUP_BYTES // num_bytes) if num_bytes else None


def _contents(schema: pa.Schema) -> list[str]:
    """Names of the columns of bytes of any length."""
    return [field.name for field in schema if pa.types.is_binary(field.type)]


def write_index(
    folder: Path, files: list[dict[str, Any]], schema: pa.Schema | None = None, **about: Any
) -> None:
    """Complete a folder of examples; with a `schema` its types are verified on reading."""
    types = {"types": types_of(schema)} if schema is not None else {}
    examples = sum(file["rows"] for file in files)
    make_index(folder, **about, **types, examples=examples, files=files)


def types_of(schema: pa.Schema) -> dict[str, str]:
    """Types of columns by their names."""
    return {field.name: str(field.type) for field in schema}


def make_index(folder: Path, **content: Any) -> None:
    """Write index.json, with a digest of itself."""
    write_json(folder / INDEX, seal(content, OWN_DIGEST))


def read_index(folder: Path) -> dict[str, Any]:
    """Read the index.json of a folder, which must be unchanged to the byte.

    Raises:
        MissingInput: the folder is not there, or not whole.
    """
    try:
        return read_sealed(folder / INDEX, OWN_DIGEST)
    except (OSError, ValueError) as error:
        fix = "run dvc repro again" if isinstance(error, FileNotFoundError) else MEND
        raise MissingInput(f"{folder / INDEX} is missing or broken", fix=fix) from None


def read_tables(
    folder: Path, columns: list[str] | None = None, key: str = "files"
) -> Iterator[pa.Table]:
    """Read the tables of a folder in order, with page checksums verified.

    `key` of the index lists them: `pool` has the examples of data/raw without a label.

    Raises:
        MissingInput: a file is missing, damaged, or has other rows than the index says.
    """
    index = read_index(folder)
    for file in index.get(key, ()):
        path = folder / file["name"]
        try:
            with pq.ParquetFile(path, page_checksum_verification=True) as parquet:
                table = parquet.read(columns)
            table = table.select(columns or table.schema.names)
            found = types_of(table.schema)
            expected = {name: index.get("types", found)[name] for name in found}
        except (OSError, KeyError, ValueError, pa.ArrowException) as error:
            raise damaged(path, str(error)) from None  # ValueError: a name is not UTF-8
        if found != expected:  # the footer has no checksum
            raise damaged(path, "its columns are of other types")
        if table.num_rows != file["rows"]:
            raise damaged(path, f"{table.num_rows} rows, expected {file['rows']}")
        yield table


def read_schema(folder: Path) -> pa.Schema:
    """The columns of a folder of examples.

    Raises:
        MissingInput: the folder or its first file is not there.
    """
    path = folder / read_index(folder)["files"][0]["name"]
    try:
        return pq.read_schema(path)
    except (OSError, ValueError, pa.ArrowException) as error:
        raise damaged(path, str(error)) from None


def read_folder(folder: Path, columns: list[str] | None = None) -> pa.Table:
    """Read a whole folder as one table; see `read_tables`."""
    return pa.concat_tables(read_tables(folder, columns)).unify_dictionaries()


def link_or_copy(old: Path, new: Path) -> None:
    """Give a file a second name; copies it where there are no hard links.

    So no code may write into an existing file: it must replace it.
    """
    try:
        os.link(old.resolve(), new)  # not to a link that DVC made
    except OSError:
        new.unlink(missing_ok=True)
        shutil.copyfile(old, new)


def file_sha256(path: Path) -> str:
    return file_digest(path, "sha256")


def file_digest(path: Path, algorithm: str) -> str:
    """Hexadecimal digest of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()


def damaged(path: Path, reason: str) -> MissingInput:
    """The error for a file that was changed or damaged."""
    return MissingInput(f"{path} is damaged: {reason}", fix=MEND)


def count(table: pa.Table, *columns: str) -> dict[tuple[Any, ...], int]:
    """Count each combination of values."""
    groups = table.group_by(list(columns)).aggregate([([], "count_all")]).to_pydict()
    numbers = groups.pop("count_all")
    return dict(zip(zip(*(groups[name] for name in columns), strict=True), numbers, strict=True))
