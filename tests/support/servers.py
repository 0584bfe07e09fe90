"""A real web server that misbehaves on demand."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Web:
    """Files by path, and what goes wrong with the next requests."""

    files: dict[str, bytes] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    """One for each request, in turn: drop, stall, truncate, 500, 404, html, page, or empty."""
    ranges: bool = True
    """Whether the server honours Range."""
    etags: bool = True
    encoded: bool = False
    """Whether it calls what it sends encoded, as many do with a .tar.gz."""
    slow: set[str] = field(default_factory=set)
    """Paths of files that come bit by bit, for 10 s."""
    requests: list[tuple[str, str]] = field(default_factory=list)
    """Path and Range of each request so far."""
    port: int = 0
    whole: list[str] = field(default_factory=list)
    """Paths of the files that were sent to their end."""

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"


@contextmanager
def serve(web: Web) -> Iterator[Web]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *arguments: object) -> None:
            pass

        def handle(self) -> None:
            with suppress(ConnectionResetError):  # the other side hung up between two requests
                super().handle()

        def do_GET(self) -> None:
            asked = self.headers.get("Range", "")
            path = self.path.partition("?")[0]
            web.requests.append((path, asked))
            fault = web.faults.pop(0) if web.faults else ""
            content = web.files.get(path)
            if fault == "500" or fault == "404" or content is None:
                self.send_error(int(fault or 404))
                return
            if fault in ("html", "page"):
                body = b"<!DOCTYPE html><html><body>Please log in</body></html>"
                self.send_response(200)
                self.send_header("Content-Type", "text/html" if fault == "html" else "image/png")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
                return
            etag = f'"{hash(content):x}"'
            same = self.headers.get("If-Range", etag) == etag
            start = int(asked.removeprefix("bytes=").rstrip("-") or 0)
            if asked and web.ranges and same and start >= len(content) and not fault:
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{len(content)}")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            if asked and web.ranges and same:
                self.send_response(206)
                self.send_header(
                    "Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}"
                )
            else:
                start = 0
                self.send_response(200)
            if web.encoded:
                self.send_header("Content-Encoding", "x-gzip")
            if web.etags:
                self.send_header("ETag", etag)
            body = content[start:]
            self.send_header("Content-Length", str(len(body) + (100 if fault == "truncate" else 0)))
            self.end_headers()
            if fault in ("drop", "stall", "truncate"):
                self.wfile.write(body[: len(body) // 2] if fault != "truncate" else body)
                self.wfile.flush()
                if fault == "stall":
                    time.sleep(1.0)
                self.close_connection = True
                return
            parts = 200 if path in web.slow else 1
            step = -(-len(body) // parts)
            try:
                for part in range(parts):
                    time.sleep(0.05 if parts > 1 else 0)
                    if part == parts - 1:  # before the other side can know
                        web.whole.append(path)
                    self.wfile.write(body[part * step : (part + 1) * step])
            except OSError:  # the other side hung up
                self.close_connection = True

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    web.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield web
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
