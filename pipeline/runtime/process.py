"""Processes: none outlives its parent, and results do not depend on how many there are."""

import contextlib
import ctypes
import json
import os
import signal
import sys
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple, TypeVar

from pipeline.runtime.errors import (
    GroundworkError,
    SettingsError,
    WorkerKilled,
    as_groundwork_error,
)

Item = TypeVar("Item")
Result = TypeVar("Result")

WORKERS_VARIABLE = "GROUNDWORK_WORKERS"
DEVICE_VARIABLE = "GROUNDWORK_DEVICE"
"""Names the device that `auto` takes, in every stage: for a GPU that is broken or busy."""
TRACEBACK_VARIABLE = "GROUNDWORK_TRACEBACK"
DVC_VARIABLE, LAUNCHER_VARIABLE = "DVC_PID", "LAUNCHER_PID"
"""Set by dvc.yaml and by `launch_ranks`: the process with which a stage, or a rank, ends."""
THREADS_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
"""Read by libraries when they are loaded."""
PR_SET_PDEATHSIG = 1  # linux/prctl.h
WAIT_FOR_TORCHRUN_SECONDS = 5
"""How long torchrun takes to stop the other processes after one has failed."""
STRIPPED = 2
"""The level of optimisation (PYTHONOPTIMIZE, -OO) from which on Python drops docstrings."""

if sys.flags.optimize >= STRIPPED:  # now: altair and others read theirs while they are imported
    sys.exit(
        "ERROR Python runs without docstrings (PYTHONOPTIMIZE=2 or -OO), which libraries need "
        "| fix: unset PYTHONOPTIMIZE"
    )


def available_cores() -> int:
    """Count the cores this process may use, by its affinity and the quota of its container."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    with contextlib.suppress(OSError, ValueError):  # no cgroup v2, or "max"
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        return max(1, min(cores or 1, int(quota) // int(period)))
    return cores or 1


def use_threads(num: int) -> None:
    """Have libraries use this many threads, whatever they were told: sums of floats depend on it.

    It holds for libraries that are loaded, and for those that this process loads later
    (docs/decisions/threads.md).
    """
    # Not there where models are served.
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    os.environ |= dict.fromkeys(THREADS_VARIABLES, str(num))
    threadpool_limits(num)


def num_workers() -> int:
    """Worker processes to use: one per core, or the number in GROUNDWORK_WORKERS.

    No result depends on it, so it is an environment variable and not a parameter.
    """
    given = os.environ.get(WORKERS_VARIABLE, "")
    if not given:
        return available_cores()
    if not given.isdecimal():
        raise SettingsError(
            f"{WORKERS_VARIABLE} must be a whole number, found {given!r}",
            fix="unset it to use every core",
        )
    return max(1, int(given))


class World(NamedTuple):
    """The processes that torchrun started together, and the rank of this one."""

    rank: int = 0
    size: int = 1
    local_rank: int = 0
    """Among those of this machine."""
    local_size: int = 1


def world() -> World:
    """Read what torchrun set in the environment; without it, this process is a world of one."""
    if "TORCHELASTIC_RUN_ID" not in os.environ:
        return World()
    names = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE")
    return World(*(int(os.environ[name]) for name in names))


def say_error(error: GroundworkError | OSError | UnicodeError) -> None:
    """Print the error that ends this process in a line; under torchrun, report it there too.

    TRACEBACK_VARIABLE has the place in the code printed before it.

    The file is that of torch.distributed.elastic.multiprocessing.errors; `launch_ranks`, which
    leaves the report out, names none.
    """
    if os.environ.get(TRACEBACK_VARIABLE):
        traceback.print_exception(error)
    message = str(as_groundwork_error(error))
    print(message, file=sys.stderr, flush=True)
    file = os.environ.get("TORCHELASTIC_ERROR_FILE")
    if file:
        extra = {"timestamp": str(int(time.time()))}
        found = {"message": {"message": message, "extraInfo": extra}}
        Path(file).write_text(json.dumps(found), encoding="utf-8")


def parent_of_this() -> int:
    """The process that started this one, as the environment names it; 0 when it is dead already.

    This one has spent seconds on imports before it asks, and init may have adopted it by then.
    DVC and torchrun are Python programs; init is not.
    """
    alone = world().size == 1
    named = os.environ.get(DVC_VARIABLE if alone else LAUNCHER_VARIABLE, "")
    parent = int(named) if named.isdecimal() else os.getppid()
    by_hand = alone and not named
    return parent if by_hand or sys.platform != "linux" or _runs_python(parent) else 0


def _runs_python(process: int) -> bool:
    try:
        program = Path(f"/proc/{process}/exe").readlink().name
    except OSError:  # it is dead, or of another user
        return False
    return "python" in program or "dvc" in program  # of which there are packages with Python inside


def die_with_parent(parent: int) -> None:
    """Have this process killed when `parent` dies, so that a killed `dvc` leaves no orphan.

    Linux does it in the kernel (prctl(2)); elsewhere a thread looks once a second. The caller
    says who its parent was, since it may be dead before this is called: then this ends at once.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)
    if sys.platform == "linux":
        return

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _start_worker(parent: int) -> None:
    die_with_parent(parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent handles Ctrl-C
    use_threads(1)  # a core is a worker's: threads of BLAS would wait for one another


_prepared: list[ProcessPoolExecutor] = []


def prepare_workers() -> None:
    """Start the workers of the next `map_ordered`, which import while this process reads."""
    if num_workers() > 1 and not _prepared:
        pool = _new_pool()
        for _ in range(num_workers()):
            pool.submit(_nothing)
        _prepared.append(pool)


def _new_pool() -> ProcessPoolExecutor:
    # "fork" may hang: a child lacks the threads of arrow and torch, but waits for them.
    return ProcessPoolExecutor(num_workers(), get_context("spawn"), _start_worker, (os.getpid(),))


def _nothing() -> None:
    pass


def map_ordered(
    function: Callable[[Item], Result], tasks: Iterable[Item], *, min_tasks: int = 2
) -> Iterator[Result]:
    """Like `map`, over worker processes, with a bounded number of tasks in memory.

    Results come in the order of the tasks. Fewer than `min_tasks` tasks, or one worker, run in
    this process: starting another costs more than they do.
    """
    workers = num_workers()
    iterator = iter(tasks)
    head = list(islice(iterator, min_tasks))
    pool = _prepared.pop() if _prepared else None
    if workers == 1 or len(head) < min_tasks:
        yield from map(function, head)
        yield from map(function, iterator)
        if pool is not None:
            pool.shutdown(wait=False, cancel_futures=True)
        return
    pool = pool or _new_pool()
    pending: deque[Future[Result]] = deque()
    try:
        for task in head:
            pending.append(pool.submit(function, task))
        for task in iterator:
            pending.append(pool.submit(function, task))
            if len(pending) > 2 * workers:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    except BrokenProcessPool:
        raise WorkerKilled(
            "a worker process was killed, most likely for want of memory",
            fix=f"use fewer: {WORKERS_VARIABLE}=1 dvc repro",
        ) from None
    finally:
        pool.shutdown(cancel_futures=True)
