"""Downloads of one file: over http(s) by requests, anything else by fsspec.

A download resumes after a broken connection or a killed run if the file still has the same
version; failures are retried as long as there is progress.
"""

import contextlib
import random
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from tqdm import tqdm

from pipeline.dataset.addresses import is_http, without_secrets
from pipeline.runtime.errors import SourceError

BLOCK_BYTES = 16 << 10  # lost when a connection breaks
CONNECT_SECONDS, STALL_SECONDS = 10.0, 30.0
MAX_TRIES = 6  # without any progress
FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 0.5, 15.0
RETRIED_STATUS = frozenset({408, 425, 429, 500, 502, 503, 504})


class Reply(NamedTuple):
    """The answer of a server to a request for a file from some byte on."""

    start: int
    """The first byte sent: the one requested, or 0."""
    total: int | None
    """Size of the whole file in bytes, where the server says so."""
    version: str
    """Changes when the file does (ETag, time of change); empty if the server sends neither."""
    blocks: Iterator[bytes]
    close: Callable[[], object]


class NotNow(Exception):
    """A failure that may pass: try again."""


@dataclass(frozen=True)
class Effort:
    """How a file is fetched."""

    max_bytes: float = float("inf")
    max_tries: int = MAX_TRIES
    progress: bool = False
    stopped: threading.Event = field(default_factory=threading.Event)
    """Set when the files fetched beside this one are no longer wanted."""


def download(url: str, partial: Path, effort: Effort) -> str:
    """Download the whole file to `partial`, resuming what is there; returns its version.

    Raises:
        SourceError: it cannot be downloaded, or is larger than allowed.
    """
    name = without_secrets(url)
    version_path = version_file(partial)
    tries = furthest = 0
    while True:
        size = partial.stat().st_size if partial.exists() else 0
        before = version_path.read_text(encoding="utf-8") if version_path.exists() else ""
        if not before:
            size = 0  # these may be bytes of another version
        try:
            reply = open_url(url, size, before)
            if reply.total is not None and reply.total > effort.max_bytes:
                raise SourceError(
                    f"{name} has {reply.total} bytes, more than {effort.max_bytes:.0f} allowed",
                    fix="raise ingest.max_file_mb, or leave it out",
                )
            version_path.write_text(reply.version, encoding="utf-8")
            _write(reply, partial, name, effort)
            return reply.version
        except NotNow as error:
            # Count only new progress: a download that restarts each time and always fails must end.
            reached = partial.stat().st_size if partial.exists() else 0
            tries = 1 if reached > max(size, furthest) else tries + 1
            furthest = max(size, furthest, reached)
            if tries >= effort.max_tries:
                raise SourceError(
                    f"{name} cannot be fetched: {error} ({tries} tries)",
                    fix="check the address and the network, then run it again; it goes on where "
                    "it was",
                ) from None
            wait = min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2 ** (tries - 1))
            effort.stopped.wait(wait * random.uniform(0.5, 1))


def version_file(partial: Path) -> Path:
    """The file with the version of the bytes of `partial`."""
    return partial.with_suffix(".version")


def _write(reply: Reply, partial: Path, name: str, effort: Effort) -> None:
    with (
        partial.open("r+b" if reply.start else "wb") as file,
        tqdm(
            desc=f"fetch {PurePosixPath(name).name}",
            total=reply.total,
            initial=reply.start,
            unit="B",
            unit_scale=True,
            disable=None if effort.progress else True,
            leave=False,
        ) as bar,
    ):
        file.seek(reply.start)
        file.truncate()
        size = reply.start
        for block in reply.blocks:
            if effort.stopped.is_set():
                raise SourceError(f"{name} is no longer wanted", fix="see the other error")
            if not size and _is_page(block):
                raise _page_error(name)
            size += len(block)
            if size > effort.max_bytes:
                raise SourceError(
                    f"{name} has more than the {effort.max_bytes:.0f} bytes allowed",
                    fix="raise ingest.max_file_mb, or leave it out",
                )
            file.write(block)
            bar.update(len(block))
    if reply.total is not None and size != reply.total:
        raise NotNow(f"the connection ended after {size} of {reply.total} bytes")


def open_url(url: str, offset: int, version: str) -> Reply:
    """Request a file from byte `offset` on, or all of it if its version has changed.

    Raises:
        NotNow: a retry may succeed.
        SourceError: no retry will.
    """
    return (_open_http if is_http(url) else _open_fsspec)(url, offset, version)


def _open_http(url: str, offset: int, version: str) -> Reply:
    import requests
    from urllib3.exceptions import HTTPError

    name = without_secrets(url)
    headers = {"Accept-Encoding": "identity", "User-Agent": "groundwork"}
    if offset:
        headers |= {"Range": f"bytes={offset}-", "If-Range": version}
    try:
        reply = requests.get(
            url, headers=headers, stream=True, timeout=(CONNECT_SECONDS, STALL_SECONDS)
        )
    except (requests.ConnectionError, requests.Timeout) as error:
        raise NotNow(_reason(error)) from None
    except requests.RequestException as error:
        raise SourceError(f"{name} cannot be fetched: {_reason(error)}", fix="check uri") from None
    if reply.status_code in RETRIED_STATUS:
        raise NotNow(f"status {reply.status_code}")
    # A weak ETag does not promise the same bytes, so the download cannot resume.
    etag = reply.headers.get("ETag", "")
    same = etag if etag and not etag.startswith("W/") else reply.headers.get("Last-Modified", "")
    if reply.status_code == 416:
        reply.close()
        if reply.headers.get("Content-Range") == f"bytes */{offset}" and same in ("", version):
            return Reply(offset, offset, version, iter(()), reply.close)  # all of it is there
        return _open_http(url, 0, "")  # the file is shorter by now
    if reply.status_code not in (200, 206):
        raise SourceError(
            f"{name} cannot be fetched: the server says {reply.status_code} {reply.reason}",
            fix="check uri in the catalog entry, and whether you may have it",
        )
    kind = reply.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind == "text/html" and not name.lower().endswith((".html", ".htm")):
        raise _page_error(name)
    length = reply.headers.get("Content-Length", "")
    start, total = 0, int(length) if re.fullmatch(r"[0-9]{1,18}", length) else None
    if reply.status_code == 206:
        sent = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", reply.headers.get("Content-Range", ""))
        if sent is None or int(sent[1]) != offset:
            raise NotNow("the server sends another part than it was asked for")
        start, total = offset, int(sent[2]) if sent[2] != "*" else None

    def blocks() -> Iterator[bytes]:
        with reply:
            try:
                # Undecoded: servers call a .tar.gz encoded, and decoded it has another length.
                yield from reply.raw.stream(BLOCK_BYTES, decode_content=False)
            except HTTPError as error:
                raise NotNow(_reason(error)) from None

    return Reply(start, total, same, blocks(), reply.close)


def _open_fsspec(url: str, offset: int, version: str) -> Reply:
    filesystem, path = _filesystem(url)
    name = without_secrets(url)
    with _translated_errors(name):
        filesystem.invalidate_cache()
        info = filesystem.info(path)
    total = info.get("size")
    same = _version(info)
    start = offset if offset and same == version else 0

    def blocks() -> Iterator[bytes]:
        with _translated_errors(name), filesystem.open(path, "rb", block_size=4 << 20) as file:
            file.seek(start)
            while block := file.read(BLOCK_BYTES):
                yield block

    return Reply(start, total, same, blocks(), lambda: None)


def list_files(uri: str) -> dict[str, str] | None:
    """Names of all files below a prefix, with their versions; None when the uri names a file.

    Raises:
        SourceError: it cannot be listed, or nothing is there.
    """
    filesystem, path = _filesystem(uri)
    try:
        with _translated_errors(without_secrets(uri)):
            filesystem.invalidate_cache()
            if filesystem.isfile(path):
                return None
            root = path.rstrip("/") + "/"
            infos = sorted(filesystem.find(path, detail=True).items())
    except NotNow as error:  # after the retries of the file system itself
        raise SourceError(
            f"{without_secrets(uri)} cannot be listed: {error}",
            fix="check the address, the network and the credentials",
        ) from None
    names = {name.removeprefix(root): _version(info) for name, info in infos}
    names = {name: version for name, version in names.items() if name and name[-1] != "/"}
    if not names:
        raise SourceError(f"nothing lies at {without_secrets(uri)}", fix="check uri")
    return names


def _version(info: Mapping[str, Any]) -> str:
    # Only the first: some storages give more exact times in listings than for single files.
    keys = ("ETag", "etag", "md5", "LastModified", "last_modified", "mtime", "created")
    version = next((str(info[key]) for key in keys if info.get(key) is not None), "")
    return f"{version}; {info.get('size')}"


def _filesystem(url: str) -> tuple[Any, str]:
    import fsspec

    try:
        filesystem, path = fsspec.core.url_to_fs(url)
    except (ValueError, ImportError) as error:
        raise SourceError(
            f"{without_secrets(url)} cannot be fetched: {_reason(error)}",
            fix="install what fsspec needs for this protocol, or check uri",
        ) from None
    return filesystem, path


@contextlib.contextmanager
def _translated_errors(name: str) -> Iterator[None]:
    """Translate the many errors of file systems into NotNow and SourceError."""
    try:
        yield
    except (NotNow, SourceError, GeneratorExit):
        raise
    except (FileNotFoundError, PermissionError, NotADirectoryError, IsADirectoryError) as error:
        raise SourceError(
            f"{name} cannot be fetched: {_reason(error)}",
            fix="check uri in the catalog entry, and whether you may have it",
        ) from None
    except Exception as error:
        if type(error).__name__ in ("NoCredentialsError", "PartialCredentialsError"):
            raise SourceError(
                f"{name} cannot be fetched: {_reason(error)}",
                fix="set up the credentials of this storage",
            ) from None
        raise NotNow(_reason(error)) from None


def _is_page(start: bytes) -> bool:
    return start.lstrip()[:14].lower().startswith((b"<!doctype html", b"<html"))


def _page_error(name: str) -> SourceError:
    return SourceError(
        f"{name} gives a web page instead of a file; a login or a consent page?",
        fix="open it in a browser; point uri at the file itself, or download it yourself",
    )


def _reason(error: Exception) -> str:
    """Describe an error in a few words, without addresses, which may hold secrets."""
    cause = getattr(error.args[0], "reason", None) if error.args else None
    if isinstance(cause, Exception):  # the outer error of requests names the whole address
        error = cause
    text = " ".join(str(error).split())
    text = re.sub(r"\w+://\S+|with url: \S+", "…", text)
    return f"{type(error).__name__}: {text}"[:160] if text else type(error).__name__
