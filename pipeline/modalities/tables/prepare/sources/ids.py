"""Ids of rows, which stay the same when other rows come or go."""

import hashlib
from collections import Counter
from pathlib import PurePosixPath

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.modalities.tables.prepare.sources.reading import TextTable
from pipeline.modalities.tables.prepare.sources.roles import Roles
from pipeline.runtime.errors import SourceError

DIGITS = 16


def ids_of(table: TextTable, roles: Roles, splits: pa.ChunkedArray | None, where: str) -> list[str]:
    """The column of ids; without one, a digest of all cells of the row except the label.

    The second of equal rows gets `-2` at the end, and so on. With several files, the digest comes
    after the name of the file.

    Raises:
        SourceError: a row has no id, or two have one.
    """
    if roles.id is not None:
        return _own_ids(table.columns[roles.id], roles.id, where)
    names = sorted(name for name in table.columns if name != roles.label)
    columns = [table.columns[name].to_pylist() for name in names]
    prefixes = [
        f"{PurePosixPath(file).stem}/" if len(table.files) > 1 else ""
        for file, num in zip(table.files, table.file_rows, strict=True)
        for _ in range(num)
    ]
    seen: Counter[str] = Counter()
    ids = []
    for prefix, *cells in zip(prefixes, *columns, strict=True):
        cells_text = repr(
            [(n, c.strip()) for n, c in zip(names, cells, strict=True) if c and c.strip()]
        )
        id = prefix + hashlib.sha256(cells_text.encode()).hexdigest()[:DIGITS]
        seen[id] += 1
        ids.append(id if seen[id] == 1 else f"{id}-{seen[id]}")
    return ids


def _own_ids(column: pa.ChunkedArray, name: str, where: str) -> list[str]:
    texts: list[str] = pc.utf8_normalize(pc.utf8_trim_whitespace(column), "NFC").to_pylist()
    if not all(texts):
        row = next(row for row, text in enumerate(texts) if not text)
        raise SourceError(
            f"{where}: row {row + 1} has no id in column {name}",
            fix="give each row one, or name another column under columns: id:",
        )
    if len({*texts}) < len(texts):
        twice, number = Counter(texts).most_common(1)[0]
        raise SourceError(
            f"{where}: column {name} has {twice!r} in {number} rows, but ids are there once",
            fix="name another column under columns: id:, or this one under columns: group:",
        )
    return texts
