"""A lone thread that infers: it takes what waits and never waits for more.

Batches gain nothing on a CPU for small networks, so that waiting for one would only add to the
answer's time; what came meanwhile is answered together. Contents that are dear to prepare, such as
decompression bombs, are prepared in a second thread, one at a time, while others are answered.
Measured: docs/decisions/serving.md.
"""

import asyncio
import contextlib
import queue
import sys
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

from pipeline.modalities.protocols.encode import Inputs
from pipeline.serving.metrics import Metrics
from pipeline.serving.model import Model, Rows, ServedAnswer
from pipeline.serving.recording.recorder import Recorded, Recorder

EXAMPLES_AT_ONCE = 64
MOST_WAITING = 256
"""Examples; more are refused, so that nobody waits for long."""
MOST_DEAR = 4
SECONDS = 2.0
"""Time in which an answer must have begun; later it is not computed."""


class Busy(Exception):
    """Too much waits already."""


class Late(Exception):
    """The deadline passed before the example's turn came."""


class Serving(NamedTuple):
    """The model that answers, and the files of what it answered; exchanged as one."""

    model: Model
    recorder: Recorder


class Outcome(NamedTuple):
    """What became of one example: an answer, or why there is none."""

    model: Model
    answer: ServedAnswer | str
    recorded: Recorded


class Job:
    """The examples of a request."""

    def __init__(self, contents: Sequence[bytes] | None, inputs: Inputs | None, num: int) -> None:
        """`num` examples, as contents or as columns of a shard."""
        self.contents, self.inputs, self.num = contents, inputs, num
        self.started = time.monotonic()
        self.loop = asyncio.get_running_loop()
        self.future: asyncio.Future[list[Outcome]] = self.loop.create_future()
        self.rows: Rows | None = None
        self.serving: Serving | None = None
        """What `rows` were prepared for."""


class Batcher:
    """Answers jobs in their turn."""

    def __init__(self, serving: Serving, metrics: Metrics) -> None:
        self.serving = serving
        """Read once for each batch; another one is put in its place by one assignment."""
        self.metrics = metrics
        self._queue: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._num_waiting = self._num_dear = 0
        self._lock = threading.Lock()
        self._aside = ThreadPoolExecutor(1, "dear")
        self._thread = threading.Thread(target=self._work, name="infer", daemon=True)
        self._thread.start()

    async def ask(
        self, contents: Sequence[bytes] | None, inputs: Inputs | None, num: int
    ) -> list[Outcome]:
        """Answer `num` examples of one request.

        Raises:
            Busy: too much waits.
            Late: their turn did not come in time.
        """
        job = Job(contents, inputs, num)
        with self._lock:
            if self._num_waiting + num > MOST_WAITING and self._num_waiting:
                raise Busy
            self._num_waiting += num
        self._queue.put(job)
        try:
            return await job.future
        finally:
            with self._lock:
                self._num_waiting -= num

    @property
    def num_waiting(self) -> int:
        return self._num_waiting

    def close(self) -> None:
        """Answer what waits, and end."""
        self._aside.shutdown()
        self._queue.put(None)
        self._thread.join()

    def _work(self) -> None:
        while (first := self._queue.get()) is not None:
            jobs, num = [first], first.num
            while num < EXAMPLES_AT_ONCE:
                try:
                    job = self._queue.get_nowait()
                except queue.Empty:
                    break
                if job is None:
                    self._queue.put(None)
                    break
                jobs.append(job)
                num += job.num
            self._answer_all([job for job in jobs if not self._is_over(job)])

    def _is_over(self, job: Job) -> bool:
        if job.future.cancelled():  # the client is gone
            return True
        if time.monotonic() - job.started > SECONDS and job.rows is None:
            _deliver([(job, Late())])
            return True
        return False

    def _answer_all(self, jobs: list[Job]) -> None:
        """Answer jobs together; where that fails, each alone, so that it costs only its own."""
        serving = self.serving
        jobs = [job for job in jobs if not self._is_put_aside(job, serving)]
        if not jobs:
            return
        self.metrics.batch_size.observe(sum(job.num for job in jobs))
        for one in {id(job.serving or serving): job.serving or serving for job in jobs}.values():
            group = [job for job in jobs if (job.serving or serving) is one]
            try:
                _deliver(self._outcomes(group, one))
            except Exception:
                for job in group:
                    try:
                        _deliver(self._outcomes([job], one))
                    except Exception as error:
                        traceback.print_exc(file=sys.stderr)
                        _deliver([(job, error)])

    def _is_put_aside(self, job: Job, serving: Serving) -> bool:
        """Whether its contents are dear, and are prepared beside."""
        if job.rows is not None or job.contents is None:
            return False
        if not any(map(serving.model.requests.is_dear, job.contents)):
            return False
        with self._lock:
            is_full = self._num_dear >= MOST_DEAR
            self._num_dear += not is_full
        if is_full:
            _deliver([(job, Busy())])
        else:
            self._aside.submit(self._prepare_aside, job, serving)
        return True

    def _prepare_aside(self, job: Job, serving: Serving) -> None:
        try:
            if not self._is_over(job):
                assert job.contents is not None
                job.rows, job.serving = serving.model.prepare(job.contents), serving
                self._queue.put(job)
        except Exception as error:
            traceback.print_exc(file=sys.stderr)
            _deliver([(job, error)])
        finally:
            with self._lock:
                self._num_dear -= 1

    def _outcomes(self, jobs: Sequence[Job], serving: Serving) -> list[tuple[Job, list[Outcome]]]:
        model, recorder = serving
        start = time.perf_counter()
        rows = _rows(jobs, model)
        prepared = time.perf_counter()
        answers = model.answer(rows)
        answered = time.perf_counter()
        found = []
        for job, of_job, rows_of_job in zip(jobs, answers, rows, strict=True):
            seconds = time.monotonic() - job.started
            outcomes = [
                Outcome(model, answer, recorder.record(answer, rows_of_job, place, seconds))
                for place, answer in enumerate(of_job)
            ]
            found.append((job, outcomes))
        ended = time.perf_counter()
        stages = zip(
            ("prepare", "forward", "record"),
            (prepared - start, answered - prepared, ended - answered),
            strict=True,
        )
        for stage, took in stages:
            self.metrics.stage_seconds.labels(stage).observe(took)
        return found


def _rows(jobs: Sequence[Job], model: Model) -> list[Rows]:
    """Rows of each job; contents of several are prepared together."""
    plain = [job for job in jobs if job.rows is None and job.contents is not None]
    if len(plain) == 1:
        plain[0].rows = model.prepare(plain[0].contents or ())
    elif plain:
        together = model.prepare([content for job in plain for content in job.contents or ()])
        place = used = 0
        for job in plain:
            here = slice(place, place + job.num)
            problems = together.problems[here]
            num_usable = problems.count(None)
            job.rows = Rows(
                {name: v[used : used + num_usable] for name, v in together.inputs.items()},
                problems,
                together.digests[here],
                together.measured[here],
                together.stored[here],
            )
            place, used = place + job.num, used + num_usable
    return [job.rows if job.rows is not None else model.take(job.inputs or {}) for job in jobs]


def _deliver(results: Sequence[tuple[Job, Any]]) -> None:
    """Hand outcomes or exceptions over to the event loop, by one call for all."""
    with contextlib.suppress(RuntimeError):  # it is closed: nobody waits any more
        results[0][0].loop.call_soon_threadsafe(_settle, results)


def _settle(results: Sequence[tuple[Job, Any]]) -> None:
    for job, result in results:
        if not job.future.done():
            settle: Callable[[Any], None] = (
                job.future.set_exception if isinstance(result, Exception) else job.future.set_result
            )
            settle(result)
