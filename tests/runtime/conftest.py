"""What tests of the runtime share: telling whether a process is still there."""

import time
from collections.abc import Callable

import psutil
import pytest

PATIENCE_SECONDS = 10  # far more than needed; only a failure waits so long


def is_running(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.fixture
def wait_until_gone() -> Callable[[int], bool]:
    """Waits for a process to end; False when it does not."""

    def wait(pid: int) -> bool:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while is_running(pid):
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return True

    return wait
