"""HTTP for the review page: 127.0.0.1 only, no other user and no other site may ask or write.

Against other users there is a secret (access.py); against DNS rebinding the Host header must name
this machine; against forged requests a POST must come from the page's own origin. The page runs no
script and loads nothing but its own files.
"""

import hmac
import json
import sys
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from pipeline.commands.review.access import WHOLE_ADDRESS, Access, is_this_machine
from pipeline.commands.review.lookup import BeingMade
from pipeline.commands.review.session import FILTERS, Session
from pipeline.runtime.errors import GroundworkError, ReviewError

PAGE = Path(__file__).with_name("page")
HTML, STYLE_SHEET, SCRIPT = (
    f"text/{kind}; charset=utf-8" for kind in ("html", "css", "javascript")
)
FILES = {
    "/": (PAGE / "index.html", HTML),
    "/icon.svg": (PAGE / "icon.svg", "image/svg+xml"),
    "/review.css": (PAGE / "review.css", STYLE_SHEET),
    **{
        f"/{name}.js": (PAGE / f"{name}.js", SCRIPT)
        for name in ("review", "inert", "outbox", "palette", "queue", "view")
    },
}
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    # What shows people must not stay in the browser's cache, where `forget` cannot reach them.
    "Cache-Control": "no-store",
}
ACTIONS: dict[str, tuple[Callable[..., dict[str, Any]], dict[str, type]]] = {
    "/api/decide": (
        Session.decide,
        {"key": str, "id": str, "kind": str, "label": str, "note": str},
    ),
    "/api/undo": (Session.undo, {"key": str, "id": str}),
    "/api/restore": (Session.restore, {"wanted": bool}),
}
STYLE = "/show.css"
MAX_BODY = 64 << 10  # bytes
SECONDS_IDLE = 60


class Server(ThreadingHTTPServer):
    """Serves one session."""

    files: Mapping[str, tuple[Path, str]] = FILES
    """What a page consists of, with the type of each, by its address."""
    actions: Mapping[str, tuple[Callable[..., dict[str, Any]], dict[str, type]]] = ACTIONS
    """What a page may do, with the types of what it sends, by its address."""

    def __init__(self, session: Session, port: int) -> None:
        """Listen at `port`, or at a free one when it is 0.

        Raises:
            ReviewError: the port is taken or not allowed.
        """
        self.session = session
        self.access = Access()
        try:
            super().__init__(("127.0.0.1", port), Handler)
        except OSError as error:
            raise ReviewError(
                f"port {port} cannot be used: {error.strerror}",
                fix="end what uses it, or take a free one: --port 0",
            ) from None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/?token={self.access.token}"

    def service_actions(self) -> None:
        """Bring what an experiment has kept back into the file, when it is over."""
        self.session.catch_up()

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), ConnectionError):  # a tab was closed
            super().handle_error(request, client_address)


class Refused(Exception):
    """A request that gets another status than 200; its text is the answer's `error`."""

    def __init__(self, status: HTTPStatus, text: str) -> None:
        super().__init__(text)
        self.status = status


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # connections stay open
    timeout = SECONDS_IDLE
    wbufsize = -1  # head and small body in one packet
    disable_nagle_algorithm = True  # else the end of a large body waits for 40 ms
    server: Server
    _opens_page = False

    def do_GET(self) -> None:
        self._answer(self._get)

    def do_POST(self) -> None:
        self._answer(self._post)

    def _answer(self, method: Callable[[], tuple[str, bytes]]) -> None:
        status = HTTPStatus.OK
        try:
            if not is_this_machine(self.headers):
                raise Refused(HTTPStatus.FORBIDDEN, "this page is for this machine alone")
            kind, body = method()
        except Refused as error:
            status, (kind, body) = error.status, as_json({"error": str(error)})
        except BeingMade as error:
            text = f"{error.what} – {error.fix}"
            status, (kind, body) = HTTPStatus.SERVICE_UNAVAILABLE, as_json({"error": text})
        except GroundworkError as error:
            text = f"{error.what} – {error.fix}"
            status, (kind, body) = HTTPStatus.CONFLICT, as_json({"error": text})
        except RecursionError:
            text = "JSON is nested too deep"
            status, (kind, body) = HTTPStatus.BAD_REQUEST, as_json({"error": text})
        except ValueError as error:
            status, (kind, body) = HTTPStatus.BAD_REQUEST, as_json({"error": str(error)})
        self.send_response(status)
        if self._opens_page and status == HTTPStatus.OK:
            self.send_header("Set-Cookie", self.server.access.cookie)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if status == HTTPStatus.SERVICE_UNAVAILABLE:
            self.send_header("Retry-After", "2")
        if status != HTTPStatus.OK:
            self.send_header("Connection", "close")  # a body may be unread
        self.end_headers()
        self.wfile.write(body)

    def _get(self) -> tuple[str, bytes]:
        session = self.server.session
        path, values = self._address()
        has_token = self.server.access.has_token(self.headers, values)
        is_session = hmac.compare_digest(values.get("session", "").encode(), session.id.encode())
        # A picture cannot send a header; the id of a session is as secret as the token.
        may_see = has_token or (path.startswith("/media/") and is_session)
        files = self.server.files
        is_file = path in files or path == STYLE
        if not (may_see or (is_file and self.server.access.has_cookie(self.headers))):
            raise Refused(HTTPStatus.FORBIDDEN, WHOLE_ADDRESS)
        self._opens_page = path == "/"
        if path in files:
            file, kind = files[path]
            return kind, file.read_bytes()
        if path == STYLE:
            return STYLE_SHEET, session.show.STYLE.read_bytes()
        if path == "/api/about":
            return as_json(session.about())
        if path.startswith(("/api/", "/media/")) and not is_session:
            raise Refused(HTTPStatus.GONE, "the review was started again")
        if path == "/api/rows":
            filters = {name: values[name] for name in FILTERS if name in values}
            return as_json(session.select(filters) | {"at": session.row_of(values.get("at", ""))})
        if path == "/api/items":
            return as_json(session.items([int(row) for row in values.get("rows", "").split(",")]))
        if path.startswith("/media/"):
            media = session.media(int(path.removeprefix("/media/")))
            if media is not None:
                return media
        raise Refused(HTTPStatus.NOT_FOUND, "not here")

    def _post(self) -> tuple[str, bytes]:
        session = self.server.session
        path, query = self._address()
        if not self.server.access.has_token(self.headers, query):
            raise Refused(HTTPStatus.FORBIDDEN, WHOLE_ADDRESS)
        if self.headers.get("Origin") != f"http://{self.headers['Host']}":
            raise Refused(HTTPStatus.FORBIDDEN, "only the page itself may write")
        if self.headers.get_content_type() != "application/json":
            raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "JSON only")
        length = int(self.headers.get("Content-Length", "-1"))
        if not 0 <= length <= MAX_BODY:
            raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too long")
        values = json.loads(self.rfile.read(length))
        if not isinstance(values, dict) or values.pop("dataset", None) != session.dataset:
            raise ValueError(f"this server reviews {session.dataset}")
        if path not in self.server.actions:
            raise Refused(HTTPStatus.NOT_FOUND, "not here")
        method, types = self.server.actions[path]
        if {name: type(value) for name, value in values.items()} != types:
            raise ValueError(f"expected {', '.join(types)}")
        return as_json(method(session, **values))

    def _address(self) -> tuple[str, dict[str, str]]:
        """The path that was asked for, and the values behind it."""
        path, query = urlsplit(self.path)[2:4]
        return path, dict(parse_qsl(query, keep_blank_values=True))

    def end_headers(self) -> None:
        for name, value in HEADERS.items():
            self.send_header(name, value)
        super().end_headers()

    def version_string(self) -> str:
        return "groundwork"

    def log_message(self, format: str, *args: Any) -> None:
        pass


def as_json(values: Any) -> tuple[str, bytes]:
    return "application/json", json.dumps(values, allow_nan=False).encode()
