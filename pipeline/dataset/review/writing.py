"""Writes to files that others may write to or replace at any time."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.runtime.files import written_whole

State = tuple[int, int, int]
"""A value that changes when a file is written or replaced."""
NO_FILE: State = (0, 0, 0)


def state_of(path: Path) -> State:
    try:
        return state(path.stat())
    except FileNotFoundError:
        return NO_FILE


def state(stat: os.stat_result) -> State:
    return stat.st_ino, stat.st_size, stat.st_mtime_ns


@contextmanager
def locked(path: Path) -> Iterator[int]:
    """Open the file of this name with an exclusive lock; it is made when there is none."""
    while True:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            if state_of(path) == state(os.fstat(file)):
                yield file
                return
        finally:
            os.close(file)


def append(path: Path, content: bytes) -> State:
    """Append to a file, durably: all or nothing. Returns the state of the file."""
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
    try:
        write_all(file, content, os.fstat(file).st_size)
        os.fsync(file)
        return state(os.fstat(file))
    finally:
        os.close(file)


def replace(path: Path, content: bytes) -> State:
    """Replace a file by one with this content, durably; its permissions stay."""
    with written_whole(path, durable=True) as partial:
        partial.write_bytes(content)
        if path.exists():
            partial.chmod(path.stat().st_mode & 0o777)
    return state_of(path)


def write_all(file: int, content: bytes, size: int) -> None:
    """Append to an open file of `size` bytes: all or, when the disk is full, nothing."""
    try:
        while content:
            content = content[os.write(file, content) :]
    except OSError:
        os.ftruncate(file, size)
        raise
