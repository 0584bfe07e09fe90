"""Files whose values are separated by two colons, as those of MovieLens 1M and 10M."""

from collections import Counter
from typing import Any

import pyarrow as pa

from pipeline.runtime.errors import SourceError
from pipeline.sources.tables.delimited import TextFormat

SEPARATOR = "::"
BEGINNING = 4096
OLD_ENCODING = "latin-1"


def has_colons(file: Any) -> bool:
    """Whether the first lines are so separated."""
    lines = file.read(BEGINNING).splitlines()[:20]
    whole = lines[:-1] or lines
    return bool(whole) and all(line.count(SEPARATOR.encode()) >= 1 for line in whole)


def read_colons(
    file: Any, where: str, format: TextFormat
) -> tuple[dict[str, pa.ChunkedArray], int, list[str]]:
    """Columns, the number of rows, and what is to be said.

    Of a line with too many values those in the middle are one, in which two colons stand, where
    there are three columns; that cannot be told of more.

    Raises:
        SourceError: a line has another number of values, or characters of another encoding.
    """
    content = file.read()
    notes = ["values are separated by two colons"]
    text = _decoded(content, where, format.encoding, notes)
    rows = [line.split(SEPARATOR) for line in text.splitlines() if line]
    usual = Counter(map(len, rows)).most_common(1)[0][0] if rows else 0
    for line, row in enumerate(rows, 1):
        if len(row) == usual:
            continue
        if usual != 3 or len(row) < usual:
            raise SourceError(
                f"{where} line {line} has {len(row)} values, most have {usual}",
                fix="take two colons out of its values",
            )
        row[1:-1] = [SEPARATOR.join(row[1:-1])]
        notes.append(f"line {line} has two colons within its second value")
    names = rows.pop(0) if format.header and rows else [str(number) for number in range(usual)]
    columns = {
        name: pa.chunked_array([pa.array([row[place] or None for row in rows], pa.string())])
        for place, name in enumerate(names)
    }
    return columns, len(rows), notes


def _decoded(content: bytes, where: str, encoding: str | None, notes: list[str]) -> str:
    try:
        return content.decode(encoding or "utf-8-sig")
    except (UnicodeDecodeError, LookupError) as error:
        if encoding is not None:
            raise SourceError(
                f"{where} is not in {encoding}: {error}", fix="correct encoding in the entry"
            ) from None
        at = getattr(error, "start", 0)
        line = content[:at].count(b"\n") + 1
        notes.append(f"it is no UTF-8 (line {line}), and read as Latin-1")
        return content.decode(OLD_ENCODING)
