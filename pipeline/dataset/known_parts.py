"""Files of data/raw that an earlier ingest made, used again while what they were made of stays.

A file of data/raw is a function of a batch of the source and of the settings. What a batch of files
in a folder holds can be told without reading them (`FileBatch.stamp`), so that after a few images
were added to many, only what is near them is read, decoded and measured; the other files are copied
from DVC's cache, where they have the digest that was noted.

The note, `.groundwork/ingest/parts.json`, has no ids and no images. Where DVC's cache is another
folder than `.dvc/cache`, nothing is found, and all is made.
"""

import hashlib
import json
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from pipeline import runtime
from pipeline.dataset.records import file_sha256
from pipeline.dataset.sources import Batch
from pipeline.runtime.libraries import libraries
from pipeline.runtime.stage import WORK_DIR

NOTE = WORK_DIR / "ingest" / "parts.json"
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


def key_of(recipe: str, batch: Batch, settled_before: int) -> str | None:
    """Names what comes of a batch by a recipe; None where only reading it tells what it holds.

    Files of the source that changed after `settled_before`, in ns, are read again: within a tick of
    the file system's clock they may have changed twice.
    """
    stamp = getattr(batch, "stamp", None)
    found = stamp(settled_before) if stamp else None
    return found and _digest(f"{recipe}\n{found}")


def recipe_of(settings: Iterable[Any]) -> str:
    """A digest of all that a file depends on but its batch: settings, libraries and our code."""
    plain = [sorted(each) if isinstance(each, frozenset) else each for each in settings]
    code = [hashlib.sha256(path.read_bytes()).hexdigest() for path in _code()]
    return _digest(repr([plain, libraries(), code]))


def _code() -> list[Path]:
    rooms = (Path(__file__).parent, Path(runtime.__file__ or "").parent)
    return [path for room in rooms for path in sorted(room.rglob("*.py"))]


def read_noted(note: Path = NOTE) -> dict[str, Noted]:
    """What the last run noted, by the key of each file; nothing where the note is damaged."""
    try:
        digest, text = note.read_text(encoding="utf-8").split("\n", 1)
        if digest == _digest(text):
            return {key: Noted(*values) for key, values in json.loads(text).items()}
    except (OSError, ValueError):
        pass
    return {}


def write_noted(noted: Mapping[str, Noted], note: Path = NOTE) -> None:
    """Note what there is, instead of what there was."""
    text = json.dumps(noted)
    note.parent.mkdir(parents=True, exist_ok=True)
    partial = note.with_suffix(".partial")
    partial.write_text(f"{_digest(text)}\n{text}", encoding="utf-8")
    partial.replace(note)


def bring(noted: Noted, path: Path) -> bool:
    """Copy a file of data/raw from DVC's cache to `path`; False where it is not there as noted."""
    if noted.file is None or noted.md5 is None:
        return True  # there is none
    try:
        shutil.copyfile(CACHE / noted.md5[:2] / noted.md5[2:], path)
    except FileNotFoundError:
        return False
    if file_sha256(path) == noted.file["sha256"]:
        return True
    path.unlink()
    return False


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
