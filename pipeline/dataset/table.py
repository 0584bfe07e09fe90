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
WORD = pa.dictionary(pa.int32(), pa.string())  # a string out of few


SLICE = "slice_"  # begins the name of a column by whose values evaluate reports


def raw_schema(
    content: Sequence[pa.Field],
    label: pa.Field,
    measured: Sequence[pa.Field],
    time: str | None = None,
    slices: Sequence[str] = (),
) -> pa.Schema:
    """Columns of data/raw: what an example is, what is said of it, what was measured on it.

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
            pa.field("purposes", WORD),  # what it may be used for, spaces between; null: anything
            *measured,
            pa.field("metadata_removed", WORD),  # kinds, comma-separated; empty for none
            pa.field("problem", pa.string()),  # why the example is unusable; null when it is fine
        ]
    )


def clean_schema(raw: pa.Schema, label: str = "label") -> pa.Schema:
    """Columns of data/clean, of those of data/raw, of which `label` is what is said of examples."""
    return pa.schema(
        [field for field in raw if field.name != "problem"]
        + [
            pa.field(f"{label}_given", raw.field(label).type),  # as the source has it
            pa.field("label_quality", pa.float32()),  # 0 surely wrong to 1 surely right; or null
            pa.field("suspected", pa.bool_()),  # rather wrong than right, and nobody has decided
            pa.field("weight", pa.float32()),  # of the example in the training loss
        ]
    )


MEND = "groundwork repair --cache && dvc repro"
"""Brings back what a stage made, also where the copy in DVC's cache is damaged too."""

ROW_GROUP_BYTES = 1 << 20  # of contents: all that is read to show one of them

OWN_DIGEST = "index_sha256"  # of the text of index.json without this key


def words(values: Sequence[str | None], vocabulary: list[str] | None = None) -> pa.DictionaryArray:
    """Encode with the given dictionary, or with the values in the order of their letters."""
    if vocabulary is None:
        vocabulary = sorted({value for value in values if value is not None})
    codes = {word: code for code, word in enumerate(vocabulary)}
    indices = pa.array([None if v is None else codes[v] for v in values], pa.int32())
    return pa.DictionaryArray.from_arrays(indices, pa.array(vocabulary, pa.string()))


def part_name(number: int, stem: str = "part") -> str:
    return f"{stem}-{number:05d}.parquet"


def write_part(folder: Path, number: int, table: pa.Table, stem: str = "part") -> dict[str, Any]:
    """Write one file of a folder; returns what the index says of it."""
    path = folder / part_name(number, stem)
    write_examples(table, path)
    return {"name": path.name, "rows": table.num_rows, "sha256": file_sha256(path)}


def write_examples(table: pa.Table, path: Path) -> None:
    """Write one table by one call with every option fixed: the same table, the same bytes.

    Columns of bytes are contents: a row group holds about ROW_GROUP_BYTES of them; a table without
    any is one row group.
    """
    path.unlink(missing_ok=True)  # which may be the file of another name too
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
    # Not nbytes, which is another one for the same values in other chunks.
    lengths = (pc.sum(pc.binary_length(table[name])).as_py() for name in _contents(table.schema))
    num_bytes = sum(filter(None, lengths))
    return max(1, table.num_rows * ROW_GROUP_BYTES // num_bytes) if num_bytes else None


def _contents(schema: pa.Schema) -> list[str]:
    """Names of the columns of bytes of any length."""
    return [field.name for field in schema if pa.types.is_binary(field.type)]


def write_index(
    folder: Path, files: list[dict[str, Any]], schema: pa.Schema | None = None, **about: Any
) -> None:
    """Make a folder of examples whole; with a `schema` its types are verified on reading."""
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
    """What index.json of a folder says, which must be to the byte what was written.

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
    """The tables of a folder in order, with page checksums verified.

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
            raise damaged(path, str(error)) from None  # ValueError: of a name that is no UTF-8
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
    """All of a folder as one table; see `read_tables`."""
    return pa.concat_tables(read_tables(folder, columns)).unify_dictionaries()


def link_or_copy(old: Path, new: Path) -> None:
    """Have the same file under another name too; a copy of it where there are no hard links.

    So nothing may write into a file that is there: it is written anew, under its name.
    """
    try:
        os.link(old.resolve(), new)  # not a link of DVC's itself
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
    """The error of a file that is not as it was written."""
    return MissingInput(f"{path} is damaged: {reason}", fix=MEND)


def count(table: pa.Table, *columns: str) -> dict[tuple[Any, ...], int]:
    """How often each combination of values is there."""
    groups = table.group_by(list(columns)).aggregate([([], "count_all")]).to_pydict()
    numbers = groups.pop("count_all")
    return dict(zip(zip(*(groups[name] for name in columns), strict=True), numbers, strict=True))
