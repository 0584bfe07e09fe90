"""Sources that are elsewhere: streamed to a cache on disk that all repositories of a user share.

A file is written as `.partial`, goes on where it was after a broken connection or a killed run,
and gets its name only when it is whole and its digest is right. Over http(s) by requests, anything
else by fsspec.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import random
import re
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple
from urllib.parse import quote, unquote, urlsplit

import platformdirs
from tqdm import tqdm

from pipeline.dataset.records import file_digest
from pipeline.runtime.errors import SourceError
from pipeline.runtime.stage import write_json

CACHE_VARIABLE = "GROUNDWORK_CACHE"
BLOCK_BYTES = 16 << 10  # what is lost of a connection that breaks
CONNECT_SECONDS, STALL_SECONDS = 10.0, 30.0
MAX_TRIES = 6  # without any progress
ROW_TRIES = 3  # a manifest may name thousands of images on servers that are no more
FILES_AT_ONCE = 16
FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 0.5, 15.0
RETRIED_STATUS = frozenset({408, 425, 429, 500, 502, 503, 504})

Given = str | Mapping[str, str] | None
Digests = Mapping[str, str]
"""Hexadecimal digests of one file by algorithm."""


class Reply(NamedTuple):
    """What a server sends when asked for a file from some byte on."""

    start: int
    """The first byte that comes: the one asked for, or 0."""
    total: int | None
    """Size of the whole file in bytes, where the server says so."""
    version: str
    """Changes when the file does (ETag, time of change); empty when the server says nothing."""
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


def is_remote(uri: str) -> bool:
    return "://" in uri and not uri.startswith("file://")


def local_path(uri: str) -> Path:
    """The path that a `file://` URL names, or a path itself."""
    if not uri.startswith("file://"):
        return Path(uri)
    return Path(unquote(uri.removeprefix("file://").removeprefix("localhost")))


def cache_dir() -> Path:
    """Where downloads are kept, for all repositories: GROUNDWORK_CACHE, or the user's cache."""
    given = os.environ.get(CACHE_VARIABLE)
    return (Path(given) if given else platformdirs.user_cache_path("groundwork")) / "downloads"


def without_secrets(uri: str) -> str:
    """The uri as it may be shown: without user, password and query.

    Raises:
        ValueError: it is no valid URL.
    """
    if not is_remote(uri):
        return uri
    for part in uri.split("::"):
        urlsplit(part)
    return _shown(uri)


def fetch_source(uri: str, sha256: Given = None, md5: Given = None) -> Path:
    """The local copy of what `uri` names: a file, or a folder of all that lies below it.

    A digest verifies the file; digests by name verify files of a folder, and say which there are
    where a server (http) has no listing.

    Raises:
        SourceError: it is not there, comes damaged, or has another digest.
    """
    if not is_remote(uri):
        return local_path(uri)
    _check_address(uri)
    whole: dict[str, str] = {}
    named: dict[str, dict[str, str]] = {}
    for algorithm, given in (("sha256", sha256), ("md5", md5)):
        if isinstance(given, str):
            whole[algorithm] = given
        for name, digest in given.items() if isinstance(given, Mapping) else ():
            named.setdefault(name, {})[algorithm] = digest
    listed = None if _is_http(uri) else _listed(uri)
    if listed is None and not named:
        final = cached_copy(uri) / _file_name(uri)
        return _fetch_one(uri, final, Effort(progress=True), whole)
    if whole:
        raise SourceError(
            f"{', '.join(whole)} is given, but uri {without_secrets(uri)} is no single file",
            fix="remove it from the catalog entry, or give one for each file",
        )
    if listed is None:
        # Entries that name other files of the same folder must not take these away.
        names = hashlib.sha256("\n".join(sorted(named)).encode()).hexdigest()[:8]
        return _fetch_folder(uri, f"files-{names}", dict.fromkeys(named), named)
    for name in named:
        if name not in listed:
            raise SourceError(
                f"{without_secrets(uri)} has no file {name}; the entry has its digest",
                fix="check uri and the names in the catalog entry",
            )
    return _fetch_folder(uri, "files", listed, named)


def fetch_file(url: str, max_bytes: float = float("inf")) -> Path:
    """The local copy of one file; several processes may ask for the same.

    Raises:
        SourceError: see `fetch_source`; or it has more than `max_bytes`.
    """
    _check_address(url)
    return _fetch_one(url, cached_copy(url) / _file_name(url), Effort(max_bytes, ROW_TRIES), {})


def _fetch_folder(
    uri: str,
    place: str,
    versions: Mapping[str, str | None],
    digests: Mapping[str, Digests],
) -> Path:
    """Fetch the named files, several at a time; `versions` are those that a listing tells."""
    folder = cached_copy(uri) / place
    for name in versions:
        if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
            raise SourceError(
                f"{without_secrets(uri)} has a file called {name}, which leads outside",
                fix="name files below the uri alone",
            )
    effort = Effort()

    def one(name: str) -> Path:
        url, listed = _below(uri, name), versions[name]
        return _fetch_one(url, folder / name, effort, digests.get(name, {}), listed)

    with ThreadPoolExecutor(FILES_AT_ONCE) as pool:
        made = tqdm(
            pool.map(one, versions),
            desc="fetch",
            total=len(versions),
            unit="file",
            disable=None,
            leave=False,
        )
        try:
            wanted = set(made)
        except BaseException:
            effort.stopped.set()
            pool.shutdown(cancel_futures=True)
            raise
    for path in list(folder.rglob("*")):
        if path.is_file() and path not in wanted and not path.name.startswith("."):
            path.unlink()  # it is no longer there
    return folder


def _fetch_one(
    url: str, final: Path, effort: Effort, digests: Digests, listed: str | None = None
) -> Path:
    about = _beside(final, "json")
    try:
        final.parent.mkdir(parents=True, exist_ok=True)
        with _locked(_beside(final, "lock")):
            if final.exists() and _is_current(url, final, about, digests, listed):
                return final
            partial = _beside(final, "partial")
            version = _download(url, partial, effort)
            for algorithm, expected in digests.items():
                found = file_digest(partial, algorithm)
                if found != expected:
                    partial.unlink()
                    raise SourceError(
                        f"{without_secrets(url)} has the {algorithm} {found}, expected {expected}",
                        fix=f"if it was replaced by a better one, correct {algorithm} in the entry",
                    )
            write_json(
                about,
                {
                    "url": without_secrets(url),
                    "version": version,
                    "size": partial.stat().st_size,
                    "sha256": digests.get("sha256") or file_digest(partial, "sha256"),
                },
            )
            partial.replace(final)
            _beside(final, "version").unlink(missing_ok=True)
    except OSError as error:  # those of the network have become others by now
        raise SourceError(
            f"{without_secrets(url)} cannot be kept in {final.parent}: {error.strerror or error}",
            fix=f"make room, or let {CACHE_VARIABLE} name another folder",
        ) from None
    return final


def _is_current(url: str, final: Path, about: Path, digests: Digests, listed: str | None) -> bool:
    """Whether the copy in the cache can be used; asks the server only when nothing else tells."""
    known = _read_json(about)
    if final.stat().st_size != known.get("size"):
        return False
    if listed is not None and listed != known.get("version"):
        return False
    if digests:
        return all(file_digest(final, name) == digest for name, digest in digests.items())
    if listed is not None:
        return True
    try:
        reply = _open(url, 0, "")
        reply.close()
    except NotNow as error:
        print(
            f"{without_secrets(url)} cannot be reached ({error}); using the copy in the cache",
            file=sys.stderr,
        )
        return True
    if reply.version:
        return reply.version == known.get("version")
    return reply.total == known.get("size")


def _download(url: str, partial: Path, effort: Effort) -> str:
    """Bring the whole file to `partial`, going on with what is there; returns its version."""
    name = without_secrets(url)
    noted = partial.with_suffix(".version")
    tries = furthest = 0
    while True:
        size = partial.stat().st_size if partial.exists() else 0
        before = noted.read_text(encoding="utf-8") if noted.exists() else ""
        if not before:
            size = 0  # nobody can tell whether these are bytes of the same file
        try:
            reply = _open(url, size, before)
            if reply.total is not None and reply.total > effort.max_bytes:
                raise SourceError(
                    f"{name} has {reply.total} bytes, more than {effort.max_bytes:.0f} allowed",
                    fix="raise ingest.max_file_mb, or leave it out",
                )
            noted.write_text(reply.version, encoding="utf-8")
            _write(reply, partial, name, effort)
            return reply.version
        except NotNow as error:
            # Further than ever before: one that begins anew and always fails must end some time.
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


def _open(url: str, offset: int, version: str) -> Reply:
    """Ask for a file from byte `offset` on, or all of it if it is no longer of that version.

    Raises:
        NotNow: it may come when asked again.
        SourceError: it will not.
    """
    return (_open_http if _is_http(url) else _open_fsspec)(url, offset, version)


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
    # A weak ETag does not promise the same bytes, so it cannot tell that they go on.
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
    start, total = 0, int(length) if length.isdecimal() else None
    if reply.status_code == 206:
        found = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", reply.headers.get("Content-Range", ""))
        if found is None or int(found[1]) != offset:
            raise NotNow("the server sends another part than it was asked for")
        start, total = offset, int(found[2]) if found[2] != "*" else None

    def blocks() -> Iterator[bytes]:
        with reply:
            try:
                # As it came: servers call a .tar.gz encoded, and decoded it has another length.
                yield from reply.raw.stream(BLOCK_BYTES, decode_content=False)
            except HTTPError as error:
                raise NotNow(_reason(error)) from None

    return Reply(start, total, same, blocks(), reply.close)


def _open_fsspec(url: str, offset: int, version: str) -> Reply:
    filesystem, path = _filesystem(url)
    name = without_secrets(url)
    with _understood(name):
        filesystem.invalidate_cache()
        info = filesystem.info(path)
    total = info.get("size")
    same = _version(info)
    start = offset if offset and same == version else 0

    def blocks() -> Iterator[bytes]:
        with _understood(name), filesystem.open(path, "rb", block_size=4 << 20) as file:
            file.seek(start)
            while block := file.read(BLOCK_BYTES):
                yield block

    return Reply(start, total, same, blocks(), lambda: None)


def _listed(uri: str) -> dict[str, str] | None:
    """Names of all files below a prefix, with their versions; None when the uri names a file."""
    filesystem, path = _filesystem(uri)
    try:
        with _understood(without_secrets(uri)):
            filesystem.invalidate_cache()
            if filesystem.isfile(path):
                return None
            root = path.rstrip("/") + "/"
            found = sorted(filesystem.find(path, detail=True).items())
    except NotNow as error:  # after the tries of the file system itself
        raise SourceError(
            f"{without_secrets(uri)} cannot be listed: {error}",
            fix="check the address, the network and the credentials",
        ) from None
    names = {name.removeprefix(root): _version(info) for name, info in found}
    names = {name: version for name, version in names.items() if name and name[-1] != "/"}
    if not names:
        raise SourceError(f"nothing lies at {without_secrets(uri)}", fix="check uri")
    return names


def _version(info: Mapping[str, Any]) -> str:
    # The first alone: some storages give times in listings more exactly than for single files.
    keys = ("ETag", "etag", "md5", "LastModified", "last_modified", "mtime", "created")
    found = next((str(info[key]) for key in keys if info.get(key) is not None), "")
    return f"{found}; {info.get('size')}"


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
def _understood(name: str) -> Iterator[None]:
    """Sort the many errors of file systems into those that may pass and those that stay."""
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


def _is_http(url: str) -> bool:
    return url.lower().startswith(("http://", "https://"))


def _check_address(uri: str) -> None:
    try:
        without_secrets(uri)
    except ValueError as error:
        raise SourceError(f"{_shown(uri)} is no valid URL: {error}", fix="check uri") from None


def _shown(uri: str) -> str:
    """See `without_secrets`; also of what is no valid URL."""
    return "::".join(
        re.sub(r"(?s)^([\w+.-]+://)(?:[^/?#]*@)?([^?#]*).*", r"\1\2", part)
        for part in uri.split("::")
    )


def _below(uri: str, name: str) -> str:
    """The address of the file `name` in the folder `uri`."""
    if not _is_http(uri):
        return f"{uri.rstrip('/')}/{name}"
    base, mark, query = uri.partition("?")  # which may hold the right to read it
    return f"{base.rstrip('/')}/{quote(name)}{mark}{query}"


def cached_copy(url: str) -> Path:
    """The folder in the cache that has, or would have, what `url` names."""
    return cache_dir() / hashlib.sha256(url.encode()).hexdigest()[:32]


def _file_name(url: str) -> str:
    """The last part of the address, fit for a file name; its suffix tells what is in it."""
    address = next(part for part in without_secrets(url).split("::") if "://" in part)
    name = unquote(PurePosixPath(address.partition("://")[2]).name)
    return re.sub(r"[^A-Za-z0-9._-]", "_", name).lstrip(".")[-100:] or "file"


def _beside(final: Path, what: str) -> Path:
    """A file of ours beside a cached one; hidden, so that a folder's listing passes it over."""
    return final.with_name(f".{final.name}.{what}")


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """One process at a time; the lock goes with the process, however it ends."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _reason(error: Exception) -> str:
    """A few words on an error, without addresses, which may hold secrets."""
    cause = getattr(error.args[0], "reason", None) if error.args else None
    if isinstance(cause, Exception):  # what lies around it in requests names the whole address
        error = cause
    text = " ".join(str(error).split())
    text = re.sub(r"\w+://\S+|with url: \S+", "…", text)
    return f"{type(error).__name__}: {text}"[:160] if text else type(error).__name__
