"""An ASGI wrapper that takes requests whole, within bytes and seconds, before routes see them."""

import asyncio
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from starlette.datastructures import Headers

from pipeline.serving.metrics import Metrics

MOST_BODY_BYTES = 8 << 20
BODY_SECONDS = 20.0
SEND_SECONDS = 20.0
MOST_HELD_BYTES = 256 << 20
"""The most bytes of all bodies together that are in memory."""
RETRY_SECONDS = 1
MAX_DIGITS = 18
GONE = "http.disconnect"

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]


class Refused(Exception):
    """A request that is answered without a route having seen it."""

    def __init__(self, status: int, reason: str, text: str) -> None:
        """`reason` is a word for metrics, `text` for people."""
        super().__init__(text)
        self.status, self.reason = status, reason


class Gone(Exception):
    """The client is."""


class Limits:
    """Wraps an ASGI application."""

    def __init__(
        self,
        app: App,
        metrics: Metrics,
        check: Callable[[str, Headers], None],
        refuse: Callable[[Refused], App],
    ) -> None:
        """Let through what `check` does not refuse by its path and headers.

        `refuse` makes an application that answers a refused request.
        """
        self._app, self._metrics, self._check, self._refuse = app, metrics, check, refuse
        self._held_bytes = 0
        self.is_ending = False
        """Whether connections are to be closed behind their answers."""

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http":  # the start and the end of the server
            await self._app(scope, receive, send)
            return
        start = time.perf_counter()
        answer = Answer(send, lambda: self.is_ending)
        body = bytearray()
        try:
            try:
                self._check(scope["path"], Headers(scope=scope))
                async with asyncio.timeout(BODY_SECONDS):
                    await self._read(scope, receive, body)
            except TimeoutError:
                raise Refused(408, "slow", "the body did not come in time") from None
            await self._app(scope, _once(bytes(body), receive), answer)
        except Refused as refused:
            self._metrics.rejected.labels(refused.reason).inc()
            answer.closes = True
            await self._refuse(refused)(scope, receive, answer)
        except (Gone, TimeoutError):  # nobody reads the answer
            self._metrics.rejected.labels("gone").inc()
            return
        finally:
            self._held_bytes -= len(body)
        self._metrics.requests.labels(str(answer.status)).inc()
        self._metrics.request_seconds.observe(time.perf_counter() - start)

    async def _read(
        self, scope: MutableMapping[str, Any], receive: Receive, body: bytearray
    ) -> None:
        for name, value in scope["headers"]:
            if name == b"content-length" and _length(value) > MOST_BODY_BYTES:
                raise _too_large()
        while True:
            message = await receive()
            if message["type"] == GONE:
                raise Gone
            part = message.get("body", b"")
            if len(body) + len(part) > MOST_BODY_BYTES:
                raise _too_large()
            if self._held_bytes + len(part) > MOST_HELD_BYTES:
                raise Refused(503, "memory", "too many large requests at once")
            body += part
            self._held_bytes += len(part)
            if not message.get("more_body", False):
                return


class Answer:
    """Sends an answer, and knows its status; may close the connection behind it."""

    def __init__(self, send: Send, is_ending: Callable[[], bool]) -> None:
        self._send, self._is_ending = send, is_ending
        self.status, self.closes = 0, False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            if self.closes or self._is_ending():
                message["headers"] = [*message.get("headers", []), (b"connection", b"close")]
        async with asyncio.timeout(SEND_SECONDS):
            await self._send(message)


def _once(body: bytes, receive: Receive) -> Receive:
    """What gives the whole body first, and then waits for the client to go."""
    messages = [{"type": "http.request", "body": body, "more_body": False}]

    async def give() -> Message:
        return messages.pop() if messages else await receive()

    return give


def _length(value: bytes) -> int:
    """The length that a header says, cut to so many digits that it is too large anyway."""
    return int(value[:MAX_DIGITS]) if value.isdigit() else 0


def _too_large() -> Refused:
    return Refused(413, "size", f"a request has at most {MOST_BODY_BYTES >> 20} MB")
