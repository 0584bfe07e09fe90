"""Ids of texts, which stay when other rows come or go."""

import hashlib
from collections import Counter
from pathlib import PurePosixPath

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.runtime.errors import SourceError
from pipeline.sources.tables.harmless import harmless_ids

DIGITS = 16


def ids_of(rows: pa.Table, where: str, *, has_votes: bool) -> list[str]:
    """The column of ids; without one, a digest of the text, behind the name of its file where there
    are several. Of equal texts the second has `-2` behind it, and so on, unless they are votes.

    Raises:
        SourceError: a row has no id, or two have one.
    """
    given = rows["id"]
    if given.null_count < len(given):
        return _own(harmless_ids(given), where, has_votes)
    files = rows["file"].to_pylist()
    several = len({*files}) > 1
    seen: Counter[str] = Counter()
    ids = []
    for text, file in zip(rows["text"].to_pylist(), files, strict=True):
        prefix = f"{PurePosixPath(file).stem}/" if several else ""
        id = prefix + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:DIGITS]
        seen[id] += 1
        ids.append(id if seen[id] == 1 or has_votes else f"{id}-{seen[id]}")
    return ids


def _own(given: pa.ChunkedArray, where: str, has_votes: bool) -> list[str]:
    texts: list[str] = given.to_pylist()
    if given.null_count:
        row = pc.index(pc.is_null(given), True).as_py()
        raise SourceError(
            f"{where}: row {row + 1} has no id",
            fix="give each row one, or name another columns: id:",
        )
    twice, number = Counter(texts).most_common(1)[0]
    if number > 1 and not has_votes:
        raise SourceError(
            f"{where}: id {twice!r} is in {number} rows, but ids are there once",
            fix="name another column under columns: id:; where rows of one id are several people's "
            "labels, name the people under columns: annotator:",
        )
    return texts
