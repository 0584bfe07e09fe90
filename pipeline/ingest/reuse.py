"""Files of data/raw that an earlier ingest made, used again while what they were made of stays.

A file of data/raw is a function of a batch of the source and of the settings. What a batch of files
in a folder holds can be told without reading them (`FileBatch.stamp`), so that after a few images
were added to many, only what is near them is read, decoded and measured; the other files are those
in DVC's cache, where they have the digest that was noted.

The notes, `.groundwork/ingest/<dataset>.json`, have no ids and no images. Nothing is found where
DVC's cache is another folder than `.dvc/cache`, nor are files into which the labels of annotators
were written afterwards.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from pipeline.dataset.versions import libraries
from pipeline.ingest.sources.source import Batch
from pipeline.runtime.code import code_digest
from pipeline.runtime.stage import WORK_DIR

NOTES = WORK_DIR / "ingest"
UNSETTLED_NS = 2 * 10**9
"""The coarsest clock of a file system (FAT) ticks every two seconds."""
CACHE = Path(".dvc/cache/files/md5")


class Noted(NamedTuple):
    """What is known of a file of data/raw."""

    file: dict[str, Any] | None
    """What the index says of it; None where no example is left, so that there is none."""
    md5: str | None
    """By which DVC's cache has it."""
    left_out: dict[str, int]
    """How many examples of the batch are not in it, by reason."""
    fingerprint: int
    """Of the whole batch; see examples.py."""


def note_of(dataset: str) -> Path:
    return NOTES / f"{dataset}.json"


def with_noted(
    batches: Iterable[Batch], settings: Mapping[str, Any], note: Path, started: int
) -> Iterator[tuple[Batch, str | None, Noted | None]]:
    """Each batch, the key of the file that it becomes, and what the note says of that.

    `settings` are all that a file depends on but its batch, beside libraries and our code. The key
    is None where only reading tells what a batch holds: in archives, and where a file changed less
    than UNSETTLED_NS before `started`, in ns; within a tick of the file system's clock it may have
    changed twice.
    """
    recipe, noted = recipe_of(settings), read_noted(note)
    for batch in batches:
        stamp = getattr(batch, "stamp", None)
        found = stamp(started - UNSETTLED_NS) if stamp else None
        key = found and _digest(f"{recipe}\n{found}")
        yield batch, key, noted.get(key) if key else None


def recipe_of(settings: Mapping[str, Any]) -> str:
    """A digest of the settings, whatever their order, and of libraries and code."""
    plain = {k: sorted(v) if isinstance(v, frozenset) else v for k, v in settings.items()}
    code = code_digest("pipeline.ingest.rows", "pipeline.ingest.sources")
    return _digest(repr([sorted(plain.items()), libraries(), code]))


def read_noted(note: Path) -> dict[str, Noted]:
    """What the last run noted, by the key of each file; nothing where the note is damaged."""
    try:
        digest, text = note.read_text(encoding="utf-8").split("\n", 1)
        if digest == _digest(text):
            return {key: Noted(*values) for key, values in json.loads(text).items()}
    except (OSError, ValueError, TypeError):  # or is of other code
        pass
    return {}


def write_noted(noted: Mapping[str, Noted], note: Path) -> None:
    """Note what there is, instead of what there was.

    Raises:
        OSError: the note cannot be written.
    """
    text = json.dumps(noted)
    note.parent.mkdir(parents=True, exist_ok=True)
    partial = note.with_suffix(".partial")
    partial.write_text(f"{_digest(text)}\n{text}", encoding="utf-8")
    partial.replace(note)


def read_cached(noted: Noted) -> bytes | None:
    """The bytes of a file of data/raw, from DVC's cache; None where it does not have them."""
    assert noted.file is not None
    assert noted.md5 is not None
    try:
        data = (CACHE / noted.md5[:2] / noted.md5[2:]).read_bytes()
    except OSError:
        return None
    return data if hashlib.sha256(data).hexdigest() == noted.file["sha256"] else None


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
