"""Decompresses tars once, to one file, up to a limit of size."""

import bz2
import gzip
import hashlib
import lzma
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipeline.runtime.errors import SourceError

COPIED_AT_ONCE = 1 << 20
# An archive of photos hardly shrinks; one that grows by this factor was made to fill a disk.
MAX_GROWTH = 100
GROWTH_FREE_BYTES = 256 << 20
CHECKSUM = slice(148, 156)  # in the header of a tar's member, octal


def _open_zstd(path: Path) -> Any:
    return pa.CompressedInputStream(pa.OSFile(str(path)), "zstd")


OPENERS: dict[bytes, Callable[[Path], Any]] = {
    b"\x1f\x8b": gzip.open,
    b"\xfd7zXZ\x00": lzma.open,
    b"BZh": bz2.open,
    b"\x28\xb5\x2f\xfd": _open_zstd,
}


def decompress(path: Path, where: str, folder: Path, max_bytes: int) -> Path | None:
    """Decompress a tar to a file in `folder`, once for each version of `path`.

    Returns the file; None when `path` is no compressed tar.

    Raises:
        SourceError: it is damaged, or grows to more than `max_bytes`.
    """
    with path.open("rb") as file:
        start = file.read(8)
    opener = next((opener for magic, opener in OPENERS.items() if start.startswith(magic)), None)
    if opener is None:
        return None
    status = path.stat()
    key = hashlib.sha256(
        f"{path.resolve()} {status.st_size} {status.st_mtime_ns}".encode()
    ).hexdigest()
    final = folder / f"{key[:32]}.tar"
    if final.exists():
        return final
    folder.mkdir(parents=True, exist_ok=True)
    partial = final.with_name(f"{final.name}.{os.getpid()}.partial")
    written = 0
    try:
        with opener(path) as source, partial.open("wb") as target:
            while block := source.read(COPIED_AT_ONCE):
                if not written and not _is_tar(block):
                    return None
                written += len(block)
                if written > max_bytes:
                    raise grown(where)
                target.write(block)
        partial.replace(final)
    except SourceError:
        raise
    except Exception as error:  # gzip, lzma and zstd raise errors of their own
        if isinstance(error, OSError) and error.errno:  # such as a full disk
            raise
        raise SourceError(
            f"archive {where} cannot be decompressed: {error or type(error).__name__}",
            fix="fetch it again",
        ) from None
    finally:
        partial.unlink(missing_ok=True)
    return final


def _is_tar(block: bytes) -> bool:
    """Whether a tar starts with this block; the oldest format has only a checksum."""
    header = block[:512]
    if header[257:262] == b"ustar":
        return True
    total = sum(header) - sum(header[CHECKSUM]) + 8 * ord(" ")
    return len(header) == 512 and header[CHECKSUM].strip(b"\0 ") == b"%06o" % total


def growth_limit(path: Path) -> int:
    """The limit in bytes of the archive at `path` once decompressed."""
    return GROWTH_FREE_BYTES + MAX_GROWTH * path.stat().st_size


def grown(where: str | Path) -> SourceError:
    """The error for an archive that exceeds `growth_limit`."""
    return SourceError(
        f"archive {where} grows to far more than its size",
        fix="look at what it is; if it is what you want, unpack it yourself",
    )
