"""Silences libraries that read images: their errors become problems of images."""

import logging
import os
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

logging.getLogger("PIL").addHandler(logging.NullHandler())  # otherwise its errors go to stderr
_only_one = threading.RLock()  # descriptor 2 belongs to the whole process


@contextmanager
def silence(*, of_c: bool) -> Iterator[None]:
    """Suppress warnings of Pillow; with `of_c` also the output of libtiff on descriptor 2."""
    with warnings.catch_warnings(action="ignore"):
        if not of_c:
            yield
            return
        with _only_one, _descriptor_closed():
            yield


@contextmanager
def _descriptor_closed() -> Iterator[None]:
    try:
        kept = os.dup(2)
    except OSError:  # there is no stderr
        yield
        return
    try:
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, 2)
        os.close(nothing)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
