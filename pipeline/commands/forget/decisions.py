"""Removes people's decisions about the examples, their paraphrases, and their traces in an accepted
profile."""

import csv
import fcntl
import io
import json
import zlib
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from pipeline.commands.forget.contents.mentions import names_one
from pipeline.commands.forget.places import DECISIONS
from pipeline.dataset.places import PARAPHRASES_DIR, PROFILES_DIR, REVIEWS_DIR
from pipeline.dataset.served.ids import SERVED_ID
from pipeline.runtime.files import written_whole
from pipeline.runtime.json_files import json_text
from pipeline.runtime.stage import WORK_DIR
from pipeline.validate.profile import remembered_key

NOTE = 4
"""Column of data/reviews with people's notes."""
OF_LINES = ("line", "before", "undo")
"""Keys of a record in a journal of decisions that hold a line of data/reviews."""


def decided_served(dataset: str) -> set[str]:
    """Ids of served examples that people decided on, also where that is not committed yet."""
    paths = [path for path in [REVIEWS_DIR / f"{dataset}.csv", *journals(dataset)] if path.exists()]
    texts = (path.read_text(encoding="utf-8", errors="replace") for path in paths)
    return {id for text in texts for id in SERVED_ID.findall(text)}


def drop_decisions(dataset: str, ids: Collection[str]) -> None:
    """Remove people's decisions about the examples, and notes about others that name them."""
    path = REVIEWS_DIR / f"{dataset}.csv"
    if path.exists():
        header, *rows = _rows(path.read_text(encoding="utf-8-sig")) or [[]]
        at = header.index("id") if "id" in header else 0
        note = header.index("note") if "note" in header else len(header)
        others = [row for row in rows if not set(row[at : at + 1]) & set(ids)]
        kept = [_without_names(row, note, ids) for row in others]
        if kept != rows:
            _replace(path, "".join(map(_line, [header, *kept])))
    for path in journals(dataset):
        _drop_from_journal(path, ids)


def journals(dataset: str) -> list[Path]:
    """Decisions that are not committed yet."""
    names = ((path, DECISIONS.fullmatch(path.name)) for path in sorted(WORK_DIR.glob("reviews-*")))
    return [path for path, name in names if name and name[1] == dataset and path.is_file()]


def drop_paraphrases(dataset: str, ids: Collection[str]) -> None:
    """Remove what people brought as other ways to say the examples."""
    path = PARAPHRASES_DIR / f"{dataset}.csv"
    if not path.exists():
        return
    header, *rows = _rows(path.read_text(encoding="utf-8-sig")) or [[]]
    at = header.index("id") if "id" in header else 0
    kept = [row for row in rows if not set(row[at : at + 1]) & set(ids)]
    if kept != rows:
        _replace(path, "".join(map(_line, [header, *kept])))


def drop_remembered(dataset: str, ids: Collection[str]) -> None:
    """Remove the examples' values, which are under digests, from the accepted profile."""
    path = PROFILES_DIR / f"{dataset}.json"
    if not path.exists():
        return
    try:
        profile = json.loads(path.read_text(encoding="utf-8"))
        lines = profile["remembered"]
        keys = set(map(remembered_key, ids))
        kept = [line for line in lines if line.split(" ")[0] not in keys]
    except (ValueError, KeyError, TypeError, AttributeError):
        return  # it is not a profile, as validate will report
    if kept != lines:
        _replace(path, json_text(profile | {"remembered": kept}))


def _drop_from_journal(path: Path, ids: Collection[str]) -> None:
    """Remove records about the examples, and unreadable ones, which may be about them.

    A line is a checksum and a record in JSON.
    """
    with path.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # as a running review does
        content = file.read()
        kept = b"".join(_kept(line, ids) for line in content.splitlines(keepends=True))
        if kept != content:
            with written_whole(path, durable=True) as partial:
                partial.write_bytes(kept)


def _kept(line: bytes, ids: Collection[str]) -> bytes:
    """The line of a journal without the examples; empty if it is about one of them."""
    checksum, _, text = line.strip().partition(b" ")
    try:
        record: dict[str, Any] = json.loads(text)
        if int(checksum, 16) != zlib.crc32(text):
            return b""
        rows = {name: _rows(record[name])[0] for name in OF_LINES if record.get(name)}
    except (ValueError, TypeError, IndexError, csv.Error):
        return b""
    if any(row[0] in ids for row in rows.values()):
        return b""
    clean = {name: _without_names(row, NOTE, ids) for name, row in rows.items()}
    if clean == rows:
        return line
    record |= {name: _line(row).rstrip("\n") for name, row in clean.items()}
    text = json.dumps(record, separators=(",", ":")).encode()
    return b"%08x %s\n" % (zlib.crc32(text), text)


def _without_names(row: list[str], note: int, ids: Collection[str]) -> list[str]:
    """A row with its note emptied if that names an example."""
    if not names_one("".join(row[note : note + 1]).encode(), ids):
        return row
    return [*row[:note], "", *row[note + 1 :]]


def _rows(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline="")))


def _line(row: Sequence[str]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(row)
    return text.getvalue()


def _replace(path: Path, text: str) -> None:
    with written_whole(path) as partial:
        partial.write_text(text, encoding="utf-8")
