"""The stages of the pipeline, a folder each, and what they share.

Python looks for garbage ten times less often here than by default, and hardly when a process ends:
both are a large part of a short stage (docs/decisions/time-of-a-stage.md).
"""

import atexit
import gc
import sys

gc.set_threshold(10_000)


@atexit.register
def _leave_garbage() -> None:
    if "triton" not in sys.modules:  # its bindings would report as leaks what is left
        gc.freeze()
