"""Traces: bytes that identify an example in any file, for `forget`."""

import zlib

TRACE_BYTES = 512  # of compressed data: no other example has them
MIN_TRACE_BYTES = 32
WINDOWS = 16


def telling_part(data: bytes) -> bytes:
    """The TRACE_BYTES that compress the least: many examples share a white background.

    Empty when there are too few bytes to tell an example from others.
    """
    if len(data) < MIN_TRACE_BYTES:
        return b""
    step = max(1, (len(data) - TRACE_BYTES) // (WINDOWS - 1))
    windows = [data[at : at + TRACE_BYTES] for at in range(0, step * WINDOWS, step)]
    return max((w for w in windows if w), key=lambda window: len(zlib.compress(window)))
