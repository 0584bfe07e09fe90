"""A server follows its folder: a new model is loaded and tested aside, then takes the old one's
place by one assignment, so that no request is lost. What cannot be served is refused in one line,
and the old one goes on."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

from pipeline.runtime.errors import GroundworkError, ServingError, as_groundwork_error
from pipeline.serving.batcher import Batcher, Serving
from pipeline.serving.folder import SERVING_JSON
from pipeline.serving.model import Model, open_model
from pipeline.serving.recording.contents import remove_expired
from pipeline.serving.recording.recorder import Recorder

LOOK_SECONDS = 1.0
EXPIRE_SECONDS = 3600.0
RETIRE_SECONDS = 30.0
"""After which nothing can be under way for a model that was exchanged."""


def start_serving(
    folder: Path, make_recorder: Callable[[Model], Recorder], like: Model | None = None
) -> Serving:
    """Open the model in a folder, test it, and open files for its records.

    Args:
        like: a model whose labels and kind it must have; None for any.

    Raises:
        GroundworkError: it cannot be served.
    """
    try:
        model = open_model(folder)
        if like is not None:
            _refuse_other(model, like)
        return Serving(model, make_recorder(model))
    except (OSError, UnicodeError) as error:
        raise as_groundwork_error(error) from None


def _refuse_other(model: Model, like: Model) -> None:
    """Clients know the labels: other ones are another service."""
    if model.modality != like.modality:
        what = f"the new model is of {model.modality}, {like.modality} are served"
    elif model.target != like.target:
        new, old = (str(m.labels or m.target)[:200] for m in (model, like))
        what = f"the new model has other labels: {new} instead of {old}"
    else:
        return
    raise ServingError(what, fix="serve it beside, or end this server and start it again")


class Follower:
    """Watches a folder in a thread."""

    def __init__(
        self,
        folder: Path,
        records: Path,
        batcher: Batcher,
        make_recorder: Callable[[Model], Recorder],
    ) -> None:
        """Watch `folder`; below `records` contents expire."""
        self._folder, self._records = folder, records
        self._batcher, self._make_recorder = batcher, make_recorder
        self._seen = signature(folder)
        self._wake = threading.Event()
        self._is_over = False
        self._retired: list[tuple[float, Recorder]] = []
        self._expire_at = 0.0
        self.refusal = ""
        """Why the newest model is not served; empty where it is."""
        self._thread = threading.Thread(target=self._watch, name="follow", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def look_now(self) -> None:
        """Load what is in the folder, also when it looks as before."""
        self._seen = None
        self._wake.set()

    def close(self) -> None:
        self._is_over = True
        self._wake.set()
        self._thread.join()

    def _watch(self) -> None:
        changing = self._seen
        while not self._is_over:
            self._wake.wait(LOOK_SECONDS)
            is_asked = self._wake.is_set()
            self._wake.clear()
            now = signature(self._folder)
            # While a folder is being written it differs at each look.
            if now != self._seen and (is_asked or now == changing) and not self._is_over:
                self._seen = now
                self._exchange()
            changing = now
            self._tidy()

    def _exchange(self) -> None:
        old, metrics = self._batcher.serving, self._batcher.metrics
        try:
            new = start_serving(self._folder, self._make_recorder, old.model)
        except GroundworkError as error:
            self.refusal = error.what
            metrics.reloads.labels("refused").inc()
            print(f"serve: not taken: {error}; {old.model.version} goes on", flush=True)
            return
        self._batcher.serving = new
        self._retired.append((time.monotonic() + RETIRE_SECONDS, old.recorder))
        self.refusal = ""
        metrics.reloads.labels("taken").inc()
        metrics.show_model(new.model.version, new.model.digest)
        print(f"serve: {new.model.version} in place of {old.model.version}", flush=True)

    def _tidy(self) -> None:
        now = time.monotonic()
        while self._retired and self._retired[0][0] < now:
            self._retired.pop(0)[1].close()
        if now >= self._expire_at:
            remove_expired(self._records)
            self._expire_at = now + EXPIRE_SECONDS


def signature(folder: Path) -> tuple[int, ...] | None:
    """What differs when a folder, or a link in its place, has another model."""
    try:
        found = (folder / SERVING_JSON).stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size
