"""Has a process die of SIGKILL at a certain moment, of which nothing in it knows.

Python runs this first in every process that has this folder in PYTHONPATH. DIE_AT says where the
train stage dies, as `<qualified name of a function> <n>`: when that is called for the n-th time;
of several processes it is the one of rank DIE_RANK. With DIE_WHO=dvc it is DVC that dies then. The
hook is Python's own, made for profilers: the stage runs as it is.
"""

import os
import signal
import sys
from types import FrameType


def die_at(function: str, nth: int = 1, victim: int | None = None) -> None:
    """Kill the process `victim`, or this one, when a function is called for the n-th time."""
    calls = 0

    def watch(frame: FrameType, event: str, _arg: object) -> None:
        nonlocal calls
        if event == "call" and frame.f_code.co_qualname == function:
            calls += 1
            if calls == nth:
                os.kill(victim or os.getpid(), signal.SIGKILL)

    sys.setprofile(watch)


if (
    "DIE_AT" in os.environ
    and "pipeline.train" in sys.orig_argv
    and os.environ.get("RANK") == os.environ.get("DIE_RANK")
):
    function, nth = os.environ["DIE_AT"].split()
    of_dvc = os.environ.get("DIE_WHO") == "dvc"
    die_at(function, int(nth), int(os.environ["DVC_PID"]) if of_dvc else None)
