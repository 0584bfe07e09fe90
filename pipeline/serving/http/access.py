"""Who may ask: this machine alone without a token; from elsewhere, who has the token.

Without a token, against DNS rebinding, the Host header must name this machine. In any case a page
of another origin may not make a browser ask. Health and readiness are for everybody.
"""

import base64
import binascii
import hmac
import ipaddress
import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from pipeline.runtime.errors import ServingError
from pipeline.serving.http.limits import Refused

TOKEN_VARIABLE = "GROUNDWORK_TOKEN"
MIN_LETTERS = 16
FREE = frozenset({"/v2/health/live", "/v2/health/ready"})
THIS_MACHINE = re.compile(r"(127\.0\.0\.1|localhost|\[::1\])(:\d{1,5})?")


class Access:
    """Whether a request may be answered."""

    def __init__(self, host: str, token: str | None) -> None:
        """`host` is where the server listens.

        Raises:
            ServingError: others can reach it and there is no token, or it can be guessed.
        """
        if not token and not is_loopback(host):
            raise ServingError(
                f"--host {host} can be reached from elsewhere, which needs a token",
                fix=f"export {TOKEN_VARIABLE}=$(openssl rand -hex 24)",
            )
        if token and (len(token) < MIN_LETTERS or not (token.isascii() and token.isprintable())):
            raise ServingError(
                f"{TOKEN_VARIABLE} should have at least {MIN_LETTERS} ASCII letters",
                fix=f"export {TOKEN_VARIABLE}=$(openssl rand -hex 24)",
            )
        self._token = token or None

    @property
    def has_token(self) -> bool:
        """Whether one is needed."""
        return self._token is not None

    def check(self, path: str, headers: Mapping[str, str]) -> None:
        """See whether a request may be answered.

        Raises:
            Refused: it may not.
        """
        if path in FREE:
            return
        host = headers.get("host", "")
        origin = headers.get("origin")
        if origin is not None and urlsplit(origin).netloc != host:
            raise Refused(403, "origin", "pages of other sites may not ask")
        if self._token is not None:
            if not self._has_token(headers.get("authorization", "")):
                raise Refused(401, "token", "send the token: Authorization: Bearer TOKEN")
        elif not THIS_MACHINE.fullmatch(host):
            raise Refused(403, "host", "this server is for its own machine")

    def _has_token(self, authorization: str) -> bool:
        """Whether the token is in a header Bearer, or the password of Basic, as browsers ask."""
        assert self._token is not None
        kind, _, given = authorization.partition(" ")
        given = given.strip()
        if kind.lower() == "basic":
            try:
                _, _, given = base64.b64decode(given, validate=True).decode().partition(":")
            except (binascii.Error, ValueError):
                return False
        elif kind.lower() != "bearer":
            return False
        return hmac.compare_digest(given.encode(), self._token.encode())


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
