"""Turns rows of Parquet files in the Hugging Face layout into examples, in worker processes."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.ingest.sources.kinds.parquet.layout import ParquetLayout
from pipeline.runtime.errors import SourceError
from pipeline.sources.source import SPLIT_NAMES, examples_table
from pipeline.sources.tables.harmless import harmless, harmless_ids


@dataclass(frozen=True)
class RowReader:
    """Turns rows of a source's files into examples."""

    root: Path
    layout: ParquetLayout
    code_names: list[str] | None
    """Names of the codes in the label column; None if it has the labels themselves."""
    paths_are_ids: bool
    """Whether the `path` beside each content is its id."""
    max_bytes: float
    """Largest size of a content."""
    content: str
    """Name of the column of contents in examples."""

    def __call__(self, table: pa.Table, path: Path, start: int) -> pa.Table:
        """Examples of `table`, consecutive rows of `path`, the first of which is row `start`.

        Raises:
            SourceError: a row lacks the id that the entry names.
        """
        content = table[self.layout.content].combine_chunks()
        paths = None
        if pa.types.is_struct(content.type):
            if content.type.get_field_index("path") >= 0:
                paths = pc.struct_field(content, "path")
            content = pc.struct_field(content, "bytes")
        # Hugging Face keeps the original file name in `path`.
        keep = paths is not None and self.paths_are_ids
        ids: Any = harmless_ids(paths if keep else self._ids(table, path, start))
        columns = self._contents(content.cast(pa.binary()), paths)
        columns["label"] = self.labels(table[self.layout.label])
        columns["split"] = self.splits(table, path)
        for name in ("group", "license", "purposes"):
            if (column := getattr(self.layout, name)) is not None:
                columns[name] = harmless(table[column].cast(pa.string()))
        return examples_table(self.content, ids, **columns)

    def _ids(self, table: pa.Table, path: Path, start: int) -> pa.Array | pa.ChunkedArray:
        if self.layout.id is None:
            inside = path.relative_to(self.root)
            return pa.array([f"{inside}:{start + i}" for i in range(len(table))])
        ids = table[self.layout.id].cast(pa.string())
        if ids.null_count:
            raise SourceError(
                f"{path} has rows without {self.layout.id}, which the entry names as id",
                fix="give every row an id, or name another column",
            )
        return ids

    def _contents(self, content: pa.Array, paths: pa.Array | None) -> dict[str, Any]:
        """The column of contents, and `problem` where one is too large or elsewhere."""
        size = pc.binary_length(content)
        too_large = pc.fill_null(pc.greater(size, self.max_bytes), False)
        problem = pa.nulls(len(content), pa.string())
        if pc.any(too_large).as_py():
            allowed = f"more than {self.max_bytes:.0f} allowed"
            reasons = pa.array([f"{n} bytes, {allowed}" for n in size.to_pylist()], pa.string())
            problem = pc.if_else(too_large, reasons, problem)
            content = pc.if_else(too_large, None, content)
        if paths is not None and content.null_count:
            elsewhere = pc.and_(pc.is_null(content), pc.and_(pc.is_valid(paths), pc.is_null(size)))
            problem = pc.if_else(elsewhere, "a path, and no bytes", problem)
        return {self.content: content, "problem": problem}

    def splits(self, table: pa.Table, path: Path) -> pa.Array:
        """The splits of rows of `path`, by their column or by its name; null if neither tells."""
        if self.layout.split is not None:
            names = table[self.layout.split].cast(pa.string()).to_pylist()
            return pa.array(
                [SPLIT_NAMES.get((name or "").lower(), name) for name in names], pa.string()
            )
        return pa.array([split_in_path(path, self.root)] * table.num_rows, pa.string())

    def labels(self, label: pa.ChunkedArray) -> pa.ChunkedArray:
        """Labels as text, by the names of codes if there are any; null for no label."""
        if self.code_names is not None:
            # -1 means unlabelled, and so does an unsigned number beyond the signed range.
            index = label.cast(pa.int64(), safe=not pa.types.is_uint64(label.type))
            is_named = pc.and_(pc.greater_equal(index, 0), pc.less(index, len(self.code_names)))
            index = pc.if_else(is_named, index, None)
            label = pc.take(pa.array(self.code_names), index)
        return harmless(label.cast(pa.string()))


def split_in_path(path: Path, root: Path) -> str | None:
    """The split that the file's name or else a folder below the root means."""
    inside = path.relative_to(root)
    parts = [inside.stem, *inside.parts[:-1]]
    words = [word for part in parts for word in re.split(r"[^a-z]+", part.lower())]
    return next((SPLIT_NAMES[word] for word in words if word in SPLIT_NAMES), None)
