"""A server from its options to its end: one process, one event loop, one thread that infers."""

import asyncio
import contextlib
import logging
import signal
import socket
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

import uvicorn

from pipeline.runtime.errors import ServingError
from pipeline.serving.batcher import Batcher
from pipeline.serving.follow import Follower, start_serving
from pipeline.serving.http.access import Access
from pipeline.serving.http.connections import MOST_CONNECTIONS, protocol_options
from pipeline.serving.http.routes import make_app
from pipeline.serving.metrics import Metrics
from pipeline.serving.model import Model
from pipeline.serving.recording.contents import Contents
from pipeline.serving.recording.recorder import Recorder
from pipeline.serving.releases.following import Source, SourceFollower
from pipeline.serving.state import State

DRAIN_SECONDS = 1.0
"""Between the signal to end and the last accepted request: balancers see /v2/health/ready, and
clients that stay connected are told to close."""
END_SECONDS = 10


class Options(NamedTuple):
    """What a person may choose."""

    folder: Path
    """A folder that export made."""
    name: str
    host: str
    port: int
    token: str | None
    records: Path
    keep_days: int | None
    """Days for which contents are kept; None for not at all."""
    source: Source | None = None
    """Where releases come from, whose link is the folder."""


class Server:
    """Listens from the start, so that its port is known; answers while it runs."""

    def __init__(self, options: Options) -> None:
        """Load the model, open files and the port.

        Raises:
            GroundworkError: the model cannot be served, or the port is taken.
            OSError: records cannot be written.
        """
        access = Access(options.host, options.token)
        metrics = Metrics()
        days = options.keep_days
        contents = None if days is None else Contents(options.records, days)

        def make_recorder(model: Model) -> Recorder:
            return Recorder(options.records, model, metrics, contents)

        self._source = None
        if options.source is not None:
            self._source = SourceFollower(options.source, partial(print, flush=True))
            self._source.update()  # where it fails, the last release serves
        self._socket = _listen(options.host, options.port)
        serving = start_serving(options.folder, make_recorder)
        metrics.show_model(serving.model.version, serving.model.digest)
        batcher = Batcher(serving, metrics)
        self.state = State(options.name, options.folder, access, metrics, batcher)
        port = self._socket.getsockname()[1]
        host = f"[{options.host}]" if ":" in options.host else options.host
        self.state.url = f"http://{host}:{port}"
        self._follower = Follower(options.folder, options.records, batcher, make_recorder)
        self.state.follower = self._follower

    def run(self, on_start: Callable[[], None]) -> None:
        """Answer until SIGTERM or SIGINT, then end without losing a request. SIGHUP reloads.

        `on_start` is called when both are heeded.
        """
        limits = make_app(self.state)
        logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
        config = uvicorn.Config(
            limits,
            loop="uvloop",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=END_SECONDS,
            **protocol_options(),
        )
        self._follower.start()
        if self._source is not None:
            self._source.start()
        try:
            with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
                runner.run(self._serve(uvicorn.Server(config), on_start))
        finally:
            self._follower.close()
            if self._source is not None:
                self._source.close()
            self.state.batcher.close()
            self.state.batcher.serving.recorder.close()

    async def _serve(self, server: uvicorn.Server, on_start: Callable[[], None]) -> None:
        loop = asyncio.get_running_loop()
        ends: set[asyncio.Task[None]] = set()

        async def end() -> None:
            assert self.state.limits is not None
            self.state.limits.is_ending = True
            await asyncio.sleep(DRAIN_SECONDS)
            server.should_exit = True

        def begin_end() -> None:
            if ends:  # a second signal does not wait
                server.should_exit = server.force_exit = True
            ends.add(loop.create_task(end()))

        def reload() -> None:
            self._follower.look_now()
            if self._source is not None:
                self._source.look_now()

        with _signals(loop, begin_end, reload):
            server.capture_signals = contextlib.nullcontext  # type: ignore[assignment, method-assign]
            on_start()
            await server.serve([self._socket])


@contextlib.contextmanager
def _signals(loop: asyncio.AbstractEventLoop, end: object, reload: object) -> Iterator[None]:
    handlers = {signal.SIGINT: end, signal.SIGTERM: end}
    if hasattr(signal, "SIGHUP"):
        handlers[signal.SIGHUP] = reload
    for number, handler in handlers.items():
        loop.add_signal_handler(number, handler)  # type: ignore[arg-type]
    try:
        yield
    finally:
        for number in handlers:
            loop.remove_signal_handler(number)


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listening = socket.socket(family, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(MOST_CONNECTIONS)  # who asks before the first answer waits
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ServingError(
            f"{host}:{port} cannot be listened at: {reason}",
            fix="end what uses it, or take a free port: --port 0",
        ) from None
    listening.setblocking(False)
    return listening
