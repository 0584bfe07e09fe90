"""Connections of slow and idle clients cost only themselves: what uvicorn has no limit for.

A head must be whole within HEAD_SECONDS and HEAD_BYTES. When MOST_CONNECTIONS are open, the one
that waits for its head the longest is closed for a new one. Who does not read an answer is cut off.
Deadlines of bodies are in limits.py.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_SECONDS = 10.0
HEAD_BYTES = 64 << 10
MOST_CONNECTIONS = 512
KEEP_ALIVE_SECONDS = 30
GRACE_SECONDS = 0.5
"""Between the end of listening and that of idle connections."""
LINGER_SECONDS = 10.0
"""Time in which the end of an answer must have been read."""


def limited_protocol() -> type[HttpToolsProtocol]:
    """The protocol of a server: a type, as uvicorn makes the objects."""
    waiting: dict[LimitedProtocol, None] = {}
    return type("ServerProtocol", (LimitedProtocol,), {"waiting": waiting})


class LimitedProtocol(HttpToolsProtocol):
    """uvicorn's protocol for a connection, with limits."""

    waiting: "dict[LimitedProtocol, None]"
    """Connections of this server that wait for a head, or for more of it; the oldest first."""
    _timer: asyncio.TimerHandle | None = None
    _head_bytes = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)  # type: ignore[arg-type]
        self._begin_head()
        if len(self.connections) > MOST_CONNECTIONS:
            next(iter(self.waiting)).transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end_head()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.parser is None:  # data behind the end
            return
        super().data_received(data)
        if self._timer is not None:
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_BYTES:
                self._refuse(b"431 Request Header Fields Too Large")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._begin_head()

    def on_headers_complete(self) -> None:
        self._end_head()
        super().on_headers_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.transport.is_closing():
            self._cut_off_later()
        elif not self.pipeline:
            self.waiting[self] = None

    def timeout_keep_alive_handler(self) -> None:
        super().timeout_keep_alive_handler()
        self._cut_off_later()

    def shutdown(self) -> None:
        """Close when what is under way is answered.

        A request may be on its way to a connection that looks idle: uvicorn alone would cut it off.
        """
        if self._is_idle():
            self.loop.call_later(GRACE_SECONDS, self._close_idle)
        else:
            super().shutdown()

    def _is_idle(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _close_idle(self) -> None:
        if self._is_idle() and not self.transport.is_closing():
            self.transport.close()
            self._cut_off_later()

    def _begin_head(self) -> None:
        if self._timer is None:
            self._head_bytes = 0
            self._timer = self.loop.call_later(HEAD_SECONDS, self._late)
            self.waiting[self] = None

    def _end_head(self) -> None:
        self.waiting.pop(self, None)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _late(self) -> None:
        if self._head_bytes:
            self._refuse(b"408 Request Timeout")
        else:
            self.transport.close()

    def _refuse(self, status: bytes) -> None:
        answer = b"HTTP/1.1 %s\r\nconnection: close\r\ncontent-length: 0\r\n\r\n" % status
        if not self.transport.is_closing():
            self.transport.write(answer)
            self.transport.close()
            self._cut_off_later()

    def _cut_off_later(self) -> None:
        self.loop.call_later(LINGER_SECONDS, self.transport.abort)


def protocol_options() -> dict[str, Any]:
    """What uvicorn takes of this."""
    return {
        "http": limited_protocol(),
        "ws": "none",
        "timeout_keep_alive": KEEP_ALIVE_SECONDS,
        "backlog": MOST_CONNECTIONS,
    }
