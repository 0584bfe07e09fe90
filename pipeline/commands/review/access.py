"""Access to the review server: for those who have the secret in its address, as with Jupyter.

Every user of a machine can reach its 127.0.0.1. The secret is in the address that the command
prints, and the page sends it in a header. A cookie would go to the servers of other users too, as
browsers ignore ports in cookies: the one that is set only opens the files of the page.
"""

import hmac
import re
import secrets
import time
from collections.abc import Mapping
from email.message import Message
from http.cookies import CookieError, SimpleCookie
from pathlib import Path

from pipeline.runtime.files import written_whole
from pipeline.runtime.stage import WORK_DIR

TOKEN = WORK_DIR / "review-token"
SECONDS_OF_TOKEN = 24 * 3600
HOST = re.compile(r"(127\.0\.0\.1|localhost)(:\d{1,5})?")
COOKIE = "groundwork-review"
WHOLE_ADDRESS = "open the whole address that groundwork review printed, with its token"


class Access:
    """The secret of a server. Its page keeps working if the server is restarted within a day."""

    def __init__(self) -> None:
        self.token = _kept() or _new()
        # Derived from the token, so that a page can be reloaded after a restart of the server; the
        # token cannot be derived from it.
        self._cookie = hmac.new(self.token.encode(), COOKIE.encode(), "sha256").hexdigest()

    def has_token(self, headers: Message, query: Mapping[str, str]) -> bool:
        """Whether a request has the secret, in its address or its header Authorization."""
        kind, _, given = headers.get("Authorization", "").partition(" ")
        if kind.lower() not in ("token", "bearer"):
            given = query.get("token", "")
        return _same(given.strip(), self.token)

    def has_cookie(self, headers: Message) -> bool:
        """Whether a request may load the files of the page."""
        try:
            found = SimpleCookie(headers.get("Cookie", "")).get(COOKIE)
        except CookieError:
            return False
        return found is not None and _same(found.value, self._cookie)

    @property
    def cookie(self) -> str:
        """The header that sets the cookie."""
        return f"{COOKIE}={self._cookie}; Path=/; HttpOnly; SameSite=Strict"


def is_this_machine(headers: Message) -> bool:
    """Whether a request names this machine as its host, and nothing else."""
    hosts = headers.get_all("Host") or []
    return len(hosts) == 1 and HOST.fullmatch(hosts[0]) is not None


def _same(first: str, second: str) -> bool:
    return hmac.compare_digest(first.encode(), second.encode())


def _kept() -> str | None:
    """The secret of an earlier server; empty if it is old, or others could read it."""
    try:
        stat = TOKEN.stat()
        text = TOKEN.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return None
    is_fresh = time.time() - stat.st_mtime < SECONDS_OF_TOKEN
    is_private = not stat.st_mode & 0o077
    return text if is_fresh and is_private and re.fullmatch("[0-9a-f]{48}", text) else None


def _new() -> str:
    token = secrets.token_hex(24)
    write_private(TOKEN, token + "\n")
    return token


def write_private(path: Path, text: str) -> None:
    """Write a file that nobody else may read."""
    with written_whole(path) as partial:
        partial.touch(mode=0o600)
        partial.write_text(text, encoding="utf-8")
