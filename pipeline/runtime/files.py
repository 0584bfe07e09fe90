"""Files that appear whole or not at all, that a run can do without, and that pyarrow reads."""

import atexit
import os
import re
import sys
import time
import weakref
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.runtime.errors import one_line

if TYPE_CHECKING:  # most commands do without it
    import pyarrow as pa

OF_PROCESS = re.compile(r"(?:.*\.)?(\d+)\.partial")
"""Name of a file that a process is writing."""
WAIT_SECONDS = 2
"""The most at the end for threads of pyarrow: a variable may keep for ever what they had."""


@contextmanager
def written_whole(path: Path, *, durable: bool = False) -> Iterator[Path]:
    """Give a path to write to; it is renamed to `path` if the block succeeds, else removed.

    It lies beside `path`, so that the rename is one step. With `durable` its bytes are on the disk
    before it is renamed, so that it outlives a power cut.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    try:
        yield partial
        if durable:
            with partial.open("rb") as file:
                os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def unfinished_files(paths: Iterable[Path]) -> list[Path]:
    """Select, by name, files that a process was writing when it was killed."""
    found = []
    for path in paths:
        match = OF_PROCESS.fullmatch(path.name)
        if match and not is_running(int(match[1])):
            found.append(path)
    return sorted(found)


def is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:  # of another user
        return True
    return True


_refused: set[str] = set()


@contextmanager
def optional(what: str, consequence: str) -> Iterator[None]:
    """Go on if the system, such as a full disk, refuses to write a file the run can do without.

    The first refusal of `what` is printed, with its `consequence`.
    """
    try:
        yield
    except OSError as error:
        if what not in _refused:
            _refused.add(what)
            reason = error.strerror or str(error)
            print(one_line(f"{what} cannot be written ({reason}): {consequence}"), file=sys.stderr)


_lent: list[weakref.ref[Any]] = []


def as_native(source: Any) -> "pa.NativeFile":
    """Open bytes, or a binary file of Python, for pyarrow, without a copy; its own file as it is.

    Threads of pyarrow read ahead. One that still holds what it reads when the interpreter ends
    aborts the process (https://github.com/apache/arrow/issues/34314), so the end waits for them.
    """
    import pyarrow as pa

    if isinstance(source, pa.NativeFile):
        return source
    lent = memoryview(source) if isinstance(source, bytes) else source
    _lent.append(weakref.ref(lent, _lent.remove))
    if isinstance(lent, memoryview):
        return pa.BufferReader(pa.py_buffer(lent))
    return pa.PythonFile(lent, "r")


@atexit.register
def _wait_for_threads() -> None:
    end = time.monotonic() + WAIT_SECONDS
    while _lent and time.monotonic() < end:
        time.sleep(0.001)


def size(num_bytes: float) -> str:
    """Format a size in a fitting unit."""
    scale, unit = (1e9, "GB") if num_bytes >= 1e9 else (1e6, "MB")
    return f"{num_bytes / scale:,.1f} {unit}"
