"""HTTP for the review page: 127.0.0.1 only, no other site may ask or write.

Against DNS rebinding the Host header must name this machine; against forged requests a POST must
come from the page's own origin. The page runs no script and loads nothing but its own files.
"""

import json
import sys
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from pipeline.commands.review.session import FILTERS, Session
from pipeline.runtime.errors import GroundworkError, ReviewError

HOSTS = ("127.0.0.1", "localhost")
PAGE = Path(__file__).with_name("page")
FILES = {
    "/": ("index.html", "text/html; charset=utf-8"),
    "/icon.svg": ("icon.svg", "image/svg+xml"),
    "/review.css": ("review.css", "text/css; charset=utf-8"),
    **{
        f"/{name}.js": (f"{name}.js", "text/javascript; charset=utf-8")
        for name in ("review", "inert", "outbox", "palette", "queue", "view")
    },
}
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
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
MAX_BODY = 64 << 10  # bytes
SECONDS_IDLE = 60


class Server(ThreadingHTTPServer):
    """Serves one session."""

    def __init__(self, session: Session, port: int) -> None:
        """Listen at `port`, or at a free one when it is 0.

        Raises:
            ReviewError: the port is taken or not allowed.
        """
        self.session = session
        try:
            super().__init__(("127.0.0.1", port), Handler)
        except OSError as error:
            raise ReviewError(
                f"port {port} cannot be used: {error.strerror}",
                fix="end what uses it, or take a free one: --port 0",
            ) from None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/"

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

    def do_GET(self) -> None:
        self._answer(self._get)

    def do_POST(self) -> None:
        self._answer(self._post)

    def _answer(self, method: Callable[[], tuple[str, bytes]]) -> None:
        status = HTTPStatus.OK
        try:
            host = urlsplit("//" + self.headers.get("Host", "")).hostname
            if host not in HOSTS:
                raise Refused(HTTPStatus.FORBIDDEN, "this page is for this machine alone")
            kind, body = method()
        except Refused as error:
            status, (kind, body) = error.status, as_json({"error": str(error)})
        except GroundworkError as error:
            text = f"{error.what} – {error.fix}"
            status, (kind, body) = HTTPStatus.CONFLICT, as_json({"error": text})
        except ValueError as error:
            status, (kind, body) = HTTPStatus.BAD_REQUEST, as_json({"error": str(error)})
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if status != HTTPStatus.OK:
            self.send_header("Connection", "close")  # a body may be unread
        self.end_headers()
        self.wfile.write(body)

    def _get(self) -> tuple[str, bytes]:
        session = self.server.session
        path, query = urlsplit(self.path)[2:4]
        values = dict(parse_qsl(query, keep_blank_values=True))
        if path in FILES:
            name, kind = FILES[path]
            return kind, (PAGE / name).read_bytes()
        if path == "/show.css":
            return "text/css; charset=utf-8", session.show.STYLE.read_bytes()
        if path == "/api/about":
            return as_json(session.about())
        if path.startswith(("/api/", "/media/")) and values.get("session") != session.id:
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
        if self.path not in ACTIONS:
            raise Refused(HTTPStatus.NOT_FOUND, "not here")
        method, types = ACTIONS[self.path]
        if {name: type(value) for name, value in values.items()} != types:
            raise ValueError(f"expected {', '.join(types)}")
        return as_json(method(session, **values))

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
