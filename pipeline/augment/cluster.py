"""Runs tasks on a Ray cluster (https://docs.ray.io) instead of local processes.

Ray carries a task, its result and the code of this package; nothing else is shared. So a function
must return all that it makes, and the nodes need only the packages (requirements.txt and the extra
`ray` of pyproject.toml).
"""

import logging
import os
import re
import signal
import socket
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from pipeline.runtime.errors import GroundworkError, SettingsError, WorkerKilled
from pipeline.runtime.process import num_workers

ADDRESS_VARIABLE = "RAY_ADDRESS"
CONNECT_SECONDS = 10
PACKAGE = Path(__file__).resolve().parent.parent

Item = TypeVar("Item")
Result = TypeVar("Result")


def map_on_ray(function: Callable[[Item], Result], tasks: Iterable[Item]) -> Iterator[Result]:
    """Like `map_ordered`, on the cluster that RAY_ADDRESS names; without one, on this machine.

    At most two tasks for each of the cluster's cores are running or queued.

    Raises:
        SettingsError: Ray is not installed, or there is no such cluster.
        WorkerKilled: a task's worker died, and again on retry.
    """
    ray = _connect()
    run = ray.remote(_call).options(scheduling_strategy="SPREAD")
    pending: deque[Any] = deque()
    try:
        most = 2 * max(1, int(ray.cluster_resources().get("CPU", 1)))
        for task in tasks:
            pending.append(run.remote(function, task))
            if len(pending) >= most:
                yield ray.get(pending.popleft())
        while pending:
            yield ray.get(pending.popleft())
    except ray.exceptions.RayTaskError as error:
        if isinstance(error.cause, GroundworkError):
            raise error.cause from None
        raise
    except ray.exceptions.RayError as error:
        raise WorkerKilled(
            f"a task was lost on the Ray cluster: {str(error).splitlines()[0]}",
            fix="see `ray status` and the logs of its nodes; a node may want memory",
        ) from None
    finally:
        ray.shutdown()  # also ends the processes of an instance on this machine


def _call(function: Callable[[Item], Result], task: Item) -> Result:
    return function(task)


def _connect() -> Any:
    """Import Ray and connect it."""
    try:
        import ray
    except ImportError:
        raise SettingsError(
            "params.yaml: augment.engine is ray, which is not installed",
            fix="uv pip install -c requirements.txt '.[ray]'",
        ) from None
    address = os.environ.get(ADDRESS_VARIABLE)
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # sends no usage statistics
    on_sigterm = signal.getsignal(signal.SIGTERM)
    try:
        if address and (place := re.fullmatch(r"(.+):(\d+)", address)) and "//" not in address:
            # Ray itself would retry for minutes.
            socket.create_connection((place[1], int(place[2])), CONNECT_SECONDS).close()
        ray.init(
            address=address or "local",
            num_cpus=None if address else num_workers(),
            include_dashboard=None if address else False,
            runtime_env={"py_modules": [str(PACKAGE)]},
            log_to_driver=False,
            logging_level=logging.ERROR,
        )
    except (OSError, RuntimeError) as error:  # ConnectionError is an OSError
        raise SettingsError(
            f"no Ray cluster can be used at {address or 'this machine'}: "
            f"{str(error).splitlines()[0]}",
            fix=f"start one (ray start --head), or unset {ADDRESS_VARIABLE} to use this machine",
        ) from None
    signal.signal(signal.SIGTERM, on_sigterm)  # Ray replaced the handler
    return ray
