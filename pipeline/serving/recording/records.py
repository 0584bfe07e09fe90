"""Writing records: one `write` each, so that a killed server loses none that it acknowledged.

What the system has taken outlives the process; only a power cut may take the last seconds. A file
is of one process, one model and one hour, and never opened again. On a full disk a row is taken
back whole and counted, and the server goes on.
"""

import contextlib
import errno
import os
import time
from pathlib import Path

from pipeline.dataset.served.layout import Layout

HOUR = 3600
MOST_BYTES = 64 << 20  # of a file
NAME_LETTERS = 12  # of the digest of a model
RESERVED_FILES = 1000


class RecordFile:
    """Rows of one layout, appended to files below a folder."""

    def __init__(self, folder: Path, layout: Layout) -> None:
        """Open the first file, so that a disk that takes nothing shows now.

        Raises:
            OSError: it cannot be written.
        """
        self.layout = layout
        self._folder = folder / layout.model[:NAME_LETTERS]
        self._descriptor = -1
        self._open()

    def append(self, row: bytes) -> None:
        """Write a row.

        Raises:
            OSError: the system did not take it whole; nothing of it is left.
        """
        now = time.time()
        if now >= self._look_again or self._size >= MOST_BYTES:
            self._look(now)
        try:
            written = os.write(self._descriptor, row)
        except OSError:
            self._restore()
            raise
        if written < len(row):
            self._restore()
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.path))
        self._size += written

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _look(self, now: float) -> None:
        """Open another file when this one is full, or of another hour, or `forget` removed it."""
        is_removed = os.fstat(self._descriptor).st_nlink == 0
        if now >= self._until or self._size >= MOST_BYTES or is_removed:
            self._open()
        self._look_again = now + 1

    def _restore(self) -> None:
        """Cut off a part of a row, as readers count in rows."""
        with contextlib.suppress(OSError):
            os.ftruncate(self._descriptor, self._size)

    def _open(self) -> None:
        now = time.time()
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        start = time.strftime("%Y%m%dT%H", time.gmtime(now))
        header = self.layout.header()
        for number in range(RESERVED_FILES):
            path = self._folder / f"{start}-{self.layout.kind}-{os.getpid()}-{number}.rec"
            with contextlib.suppress(FileExistsError):
                flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
                descriptor = os.open(path, flags, 0o600)
                break
        else:
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
        try:
            if os.write(descriptor, header) < len(header):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        except OSError:
            os.close(descriptor)
            path.unlink(missing_ok=True)
            raise
        self.close()
        self.path, self._descriptor, self._size = path, descriptor, len(header)
        self._until = (now // HOUR + 1) * HOUR
        self._look_again = now + 1
