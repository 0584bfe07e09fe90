"""Files of data/raw that an earlier ingest wrote, used again while what they were made of stays.

A file of data/raw is a function of a batch of the source and of the settings. What a batch of files
in a folder holds can be told without reading them (`FileBatch.stamp`), so that after a few images
were added to many, only what is near them is read, decoded and measured.

The notes lie in `.groundwork/ingest`, which DVC knows nothing of: for each file what is known of
it, and the file itself by a hard link, which takes no room. It is used only while it has the digest
that was noted. `pipeline.commands.forget` removes all of it.
"""

import hashlib
import json
import os
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from pipeline.dataset.records import file_sha256
from pipeline.dataset.sources import Batch
from pipeline.runtime.stage import WORK_DIR

NOTES = WORK_DIR / "ingest"


class Noted(NamedTuple):
    """What is known of a file of data/raw."""

    file: dict[str, Any] | None
    """What the index says of it; None where no example is left, so that there is none."""
    left_out: dict[str, int]
    """How many examples of the batch are not in it, by reason."""
    fingerprint: int
    """Of the whole batch; see examples.py."""


@dataclass(frozen=True)
class KnownParts:
    """What is known by one recipe."""

    recipe: str
    """All that a file depends on but its batch."""
    settled_before: int
    """Files of the source that changed after this time, in ns, are read again: within a tick of the
    file system's clock they may have changed twice."""
    folder: Path = NOTES

    def key_of(self, batch: Batch) -> str | None:
        """Names what comes of a batch; None where only reading it tells what it holds."""
        stamp = getattr(batch, "stamp", None)
        found = stamp(self.settled_before) if stamp else None
        return found and hashlib.sha256(f"{self.recipe}\n{found}".encode()).hexdigest()

    def bring(self, key: str, path: Path) -> Noted | None:
        """What is known under a key, its file given the name `path`; None if nothing is."""
        try:
            noted = Noted(**json.loads(self._note(key).read_text(encoding="utf-8")))
            if noted.file is not None:
                os.link(self._file(key), path)
                if file_sha256(path) != noted.file["sha256"]:
                    path.unlink()
                    return None
        except (OSError, ValueError, TypeError, KeyError):  # not there, not whole, or no links here
            return None
        return noted

    def keep(self, key: str, path: Path, noted: Noted) -> None:
        """Note a file, if there are hard links here; a copy would take as much room again."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with suppress(OSError):
            self._file(key).unlink(missing_ok=True)
            if noted.file is not None:
                os.link(path, self._file(key))
            partial = self._note(key).with_suffix(".partial")
            partial.write_text(json.dumps(noted._asdict()), encoding="utf-8")
            partial.replace(self._note(key))

    def drop_others(self, keys: Collection[str]) -> None:
        """Keep what is known under these keys alone."""
        if self.folder.is_dir():
            for path in self.folder.iterdir():
                if path.stem not in keys:
                    path.unlink()

    def _note(self, key: str) -> Path:
        return self.folder / f"{key}.json"

    def _file(self, key: str) -> Path:
        return self.folder / f"{key}.parquet"


def recipe_of(*what: Any) -> str:
    """A digest of all these; sets count whatever their order."""
    plain = [sorted(each) if isinstance(each, frozenset) else each for each in what]
    return hashlib.sha256(repr(plain).encode()).hexdigest()
