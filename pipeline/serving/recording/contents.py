"""Contents of requests, kept where people asked for it: stripped, each once, for some days.

Files are named by the digest that data/raw would have, in a folder named by the day on which it is
removed, so that any later server removes it, and `forget` finds them by name and by their bytes.
"""

import contextlib
import errno
import os
import re
import shutil
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

FOLDER = "contents"
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
MOST_BYTES = 10 << 30  # of a day


class Contents:
    """Kept contents below a folder of records."""

    def __init__(self, records: Path, days: int) -> None:
        """Keep those that come for `days` after theirs."""
        self._folder, self._days = records / FOLDER, days
        self._until = Path()
        self._num_bytes = 0

    def keep(self, digest: str, content: bytes) -> None:
        """Keep one.

        Raises:
            OSError: the day's room is used up, or the disk does not take it; nothing of it is left.
        """
        last_day = _today() + timedelta(days=self._days)
        until = self._folder / last_day.date().isoformat()
        if until != self._until:
            until.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._until = until
            self._num_bytes = sum(path.stat().st_size for path in until.iterdir())
        path = until / digest
        if self._num_bytes + len(content) > MOST_BYTES:
            raise OSError(errno.ENOSPC, f"more than {MOST_BYTES >> 30} GB a day", str(until))
        try:
            _write(path, content)
        except FileExistsError:
            return
        self._num_bytes += len(content)


def remove_expired(records: Path) -> None:
    """Remove the contents whose day has come, also of servers that kept them earlier."""
    today = _today().date().isoformat()
    for folder in (records / FOLDER).glob("*"):
        if DAY.fullmatch(folder.name) and folder.name < today:
            shutil.rmtree(folder, ignore_errors=True)


def _today() -> datetime:
    return datetime.fromtimestamp(time.time(), UTC)


def _write(path: Path, content: bytes) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    descriptor = os.open(path, flags, 0o600)
    try:
        if os.write(descriptor, content) < len(content):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
    except OSError:
        with contextlib.suppress(OSError):
            path.unlink()
        raise
    finally:
        os.close(descriptor)
