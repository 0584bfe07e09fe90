"""Addresses of data: paths, `file://`, http(s), other schemes of fsspec, and chains of these."""

import re
from pathlib import Path, PurePosixPath
from urllib.parse import quote, unquote, urlsplit

from pipeline.runtime.errors import SettingsError, SourceError

SECRET = re.compile(
    r"://[^/?#]*:[^/?#]*@"
    r"|[?&;](?:[\w-]*(?:token|secret|signature|passw(?:or)?d|credential|api_?-?key|auth)|sig|pwd)=",
    re.IGNORECASE,
)


def is_remote(uri: str) -> bool:
    return "://" in uri and not uri.startswith("file://")


def is_http(url: str) -> bool:
    return url.lower().startswith(("http://", "https://"))


def local_path(uri: str) -> Path:
    """The path that a `file://` URL names, or a path itself."""
    if not uri.startswith("file://"):
        return Path(uri)
    return Path(unquote(uri.removeprefix("file://").removeprefix("localhost")))


def without_secrets(uri: str) -> str:
    """Strip user, password and query from a uri, so that it may be shown.

    Raises:
        ValueError: it is no valid URL.
    """
    if not is_remote(uri):
        return uri
    for part in uri.split("::"):
        urlsplit(part)
    return _shown(uri)


def refuse_secrets(uri: str) -> None:
    """Refuse an entry's address that has a password or token: git and dvc.lock would keep it.

    Raises:
        SettingsError: see above.
    """
    if is_remote(uri) and SECRET.search(uri):
        raise SettingsError(
            f"uri {_shown(uri)} has a password or a token, which git and dvc.lock would keep",
            fix="take it out; download the data yourself, and let uri name the file or folder",
        )


def check_address(uri: str) -> None:
    """
    Raises:
        SourceError: it is no valid URL.
    """
    try:
        without_secrets(uri)
    except ValueError as error:
        raise SourceError(f"{_shown(uri)} is no valid URL: {error}", fix="check uri") from None


def _shown(uri: str) -> str:
    """See `without_secrets`; takes invalid URLs too."""
    return "::".join(
        re.sub(r"(?s)^([\w+.-]+://)(?:[^/?#]*@)?([^?#]*).*", r"\1\2", part)
        for part in uri.split("::")
    )


def below(uri: str, name: str) -> str:
    """The address of the file `name` in the folder `uri`."""
    if not is_http(uri):
        return f"{uri.rstrip('/')}/{name}"
    base, mark, query = uri.partition("?")  # a query may be what grants access
    return f"{base.rstrip('/')}/{quote(name)}{mark}{query}"


def file_name(url: str) -> str:
    """The last part of the address, fit for a file name; its suffix names the format."""
    address = next(part for part in without_secrets(url).split("::") if "://" in part)
    name = unquote(PurePosixPath(address.partition("://")[2]).name)
    return re.sub(r"[^A-Za-z0-9._-]", "_", name).lstrip(".")[-100:] or "file"
