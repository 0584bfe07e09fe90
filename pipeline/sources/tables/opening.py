"""A table among the files of a source, opened by the suffix of its name."""

from functools import partial

import pyarrow as pa

from pipeline.runtime.errors import SourceError
from pipeline.runtime.files import as_native
from pipeline.sources.places.files import Files
from pipeline.sources.places.trees import Folder
from pipeline.sources.tables.delimited import DelimitedText, TextFormat
from pipeline.sources.tables.json_lines import JsonLines
from pipeline.sources.tables.parquet import ParquetTable

JSON_SUFFIXES = (".jsonl", ".ndjson")
SUFFIXES = (".csv", ".tsv", *JSON_SUFFIXES, ".parquet")
MAX_BYTES = 4 << 30

OpenTable = DelimitedText | JsonLines | ParquetTable


def open_table(files: Files, name: str, format: TextFormat) -> OpenTable:
    """Open a table by the suffix of its name; its content is read later."""
    where = files.where if len(files.members) == 1 else f"{name} of {files.where}"
    if name.lower().endswith(".parquet"):
        return ParquetTable(open_file(files, name), where)
    is_json = name.lower().endswith((*JSON_SUFFIXES, ".json"))
    kind = JsonLines if is_json else DelimitedText
    return kind(partial(open_file, files, name), where, format)


def open_file(files: Files, name: str) -> pa.NativeFile:
    """Open a file; one in an archive is read into memory.

    Raises:
        SourceError: it cannot be read.
    """
    member = files.members[name]
    if isinstance(files.tree, Folder) and not member.problem:
        try:
            return pa.OSFile(str(files.tree.root / member.path))
        except OSError as error:
            raise SourceError(
                f"{name} of {files.where} cannot be read: {error.strerror or error}",
                fix="check its permissions",
            ) from None
    return as_native(files.read(name, MAX_BYTES))
