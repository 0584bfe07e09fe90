"""The files that predict is asked about: paths, addresses, and standard input.

What comes from elsewhere is written to a temporary folder; no copy outlives the command.
"""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePath
from typing import BinaryIO, NamedTuple

from pipeline.commands.frame import as_given, from_start
from pipeline.dataset.addresses import (
    check_address,
    file_name,
    is_remote,
    local_path,
    without_secrets,
)
from pipeline.runtime.errors import SourceError
from pipeline.sources.places.transfers import Effort, download

STDIN = "-"
BLOCK_BYTES = 1 << 20
DOWNLOAD_TRIES = 3


class NamedPath(NamedTuple):
    """A file or folder to answer about."""

    name: str
    """The name as in the command, without the secrets of an address."""
    path: Path


def locate(
    arguments: Sequence[str], folder: Path, max_bytes: float, stdin_name: str
) -> Iterator[NamedPath | SourceError]:
    """Yield the path of each argument, fetched if need be, or why it cannot be fetched.

    Args:
        folder: an empty one, for files that are fetched.
        max_bytes: limit of such a file.
        stdin_name: the name of a file with the content of standard input.
    """
    for number, argument in enumerate(arguments):
        try:
            if argument == STDIN:
                path = _in_folder(folder / str(number), PurePath(stdin_name).name)
                write_stream(sys.stdin.buffer, path, max_bytes)
                yield NamedPath(STDIN, path)
            elif is_remote(argument):
                yield fetch(argument, folder / str(number), max_bytes)
            else:
                path = from_start(str(local_path(argument)))
                yield NamedPath(str(as_given(path)), path)
        except SourceError as error:
            yield error


def fetch(address: str, folder: Path, max_bytes: float) -> NamedPath:
    """Download a file.

    Raises:
        SourceError: it cannot be downloaded, or has more than `max_bytes`.
    """
    try:
        check_address(address)
        path = _in_folder(folder, file_name(address))
        download(address, path, Effort(max_bytes, DOWNLOAD_TRIES))
    except SourceError as error:  # there is no entry to correct
        fix = error.fix.removesuffix("; it goes on where it was")
        fix = fix.replace(" in the catalog entry", "").replace("uri", "the address")
        raise SourceError(error.what, fix=fix) from None
    return NamedPath(without_secrets(address), path)


def write_stream(stream: BinaryIO, path: Path, max_bytes: float) -> None:
    """Copy standard input to a file.

    Raises:
        SourceError: it has no bytes, or more than `max_bytes`.
    """
    size = 0
    with path.open("wb") as file:
        while block := stream.read(BLOCK_BYTES):
            size += len(block)
            if size > max_bytes:
                raise SourceError(
                    f"standard input has more than the {max_bytes:.0f} bytes allowed",
                    fix="raise ingest.max_file_mb, or give a path",
                )
            file.write(block)
    if not size:
        raise SourceError("standard input is empty", fix="groundwork predict - < FILE")


def _in_folder(folder: Path, name: str) -> Path:
    """A path in a new folder, which has the other files of a download too."""
    folder.mkdir()
    return folder / (name if name not in ("", "..") else "stdin")
