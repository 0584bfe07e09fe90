"""Remote sources: streamed to a cache on disk that all repositories of a user share.

A file is written as `.partial`, and gets its name only when it is whole and its digest is right.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from typing import Any

import platformdirs
from tqdm import tqdm

from pipeline.dataset.addresses import (
    below,
    check_address,
    file_name,
    is_http,
    is_remote,
    local_path,
    without_secrets,
)
from pipeline.dataset.table import file_digest
from pipeline.runtime.errors import SourceError
from pipeline.runtime.json_files import write_json
from pipeline.sources.places.transfers import (
    Effort,
    NotNow,
    download,
    list_files,
    open_url,
    version_file,
)

CACHE_VARIABLE = "GROUNDWORK_CACHE"
ROW_TRIES = 3  # a manifest may name thousands of files on dead servers
FILES_AT_ONCE = 16

Given = str | Mapping[str, str] | None
Digests = Mapping[str, str]
"""Hexadecimal digests of one file by algorithm."""


def cache_dir() -> Path:
    """The folder of downloads for all repositories: GROUNDWORK_CACHE, or the user's cache."""
    folder = os.environ.get(CACHE_VARIABLE)
    return (Path(folder) if folder else platformdirs.user_cache_path("groundwork")) / "downloads"


def cached_copy(url: str) -> Path:
    """The folder in the cache for the content of `url`."""
    return cache_dir() / hashlib.sha256(url.encode()).hexdigest()[:32]


def fetch_source(uri: str, sha256: Given = None, md5: Given = None) -> Path:
    """Fetch the file or folder at `uri`; returns the local copy.

    A digest verifies the file; digests by name verify files of a folder, and list them where a
    server (http) has no listing.

    Raises:
        SourceError: it is missing, arrives damaged, or has another digest.
    """
    if not is_remote(uri):
        return local_path(uri)
    check_address(uri)
    whole: dict[str, str] = {}
    named: dict[str, dict[str, str]] = {}
    for algorithm, given in (("sha256", sha256), ("md5", md5)):
        if isinstance(given, str):
            whole[algorithm] = given
        for name, digest in given.items() if isinstance(given, Mapping) else ():
            named.setdefault(name, {})[algorithm] = digest
    listed = None if is_http(uri) else list_files(uri)
    if listed is None and not named:
        final = cached_copy(uri) / file_name(uri)
        return _fetch_one(uri, final, Effort(progress=True), whole)
    if whole:
        raise SourceError(
            f"{', '.join(whole)} is given, but uri {without_secrets(uri)} is no single file",
            fix="remove it from the catalog entry, or give one for each file",
        )
    if listed is None:
        # Entries that name other files of the same folder must not remove these.
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
    """Fetch one file, safe across processes; returns the local copy.

    Raises:
        SourceError: see `fetch_source`; or it has more than `max_bytes`.
    """
    check_address(url)
    return _fetch_one(url, cached_copy(url) / file_name(url), Effort(max_bytes, ROW_TRIES), {})


def _fetch_folder(
    uri: str,
    place: str,
    versions: Mapping[str, str | None],
    digests: Mapping[str, Digests],
) -> Path:
    """Fetch the named files, several at a time; `versions` are those of a listing."""
    folder = cached_copy(uri) / place
    for name in versions:
        if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
            raise SourceError(
                f"{without_secrets(uri)} has a file called {name}, which leads outside",
                fix="name files below the uri alone",
            )
    effort = Effort()

    def one(name: str) -> Path:
        url, listed = below(uri, name), versions[name]
        return _fetch_one(url, folder / name, effort, digests.get(name, {}), listed)

    with ThreadPoolExecutor(FILES_AT_ONCE) as pool:
        paths = tqdm(
            pool.map(one, versions),
            desc="fetch",
            total=len(versions),
            unit="file",
            disable=None,
            leave=False,
        )
        try:
            wanted = set(paths)
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
            version = download(url, partial, effort)
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
            version_file(partial).unlink(missing_ok=True)
    except OSError as error:  # errors of the network were translated before
        raise SourceError(
            f"{without_secrets(url)} cannot be kept in {final.parent}: {error.strerror or error}",
            fix=f"make room, or let {CACHE_VARIABLE} name another folder",
        ) from None
    return final


def _is_current(url: str, final: Path, about: Path, digests: Digests, listed: str | None) -> bool:
    """Whether the cached copy is current; asks the server only without digests or a listing."""
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
        reply = open_url(url, 0, "")
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


def _beside(final: Path, what: str) -> Path:
    """The path of our file beside a cached one; hidden, so that listings pass it over."""
    return final.with_name(f".{final.name}.{what}")


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Lock out other processes; the lock is freed when the process ends, however it ends."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
