"""What drawn inputs are made of, and how a command that is given them is judged.

Nothing is random by itself: `hypothesis` draws, the same in every run unless GROUNDWORK_FUZZ, by
which the number of tries is multiplied, is set.
"""

import contextlib
import io
import os
import re
import time
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from pipeline.commands.frame import run_command

TIMES = int(os.environ.get("GROUNDWORK_FUZZ", "1"))
MAX_SECONDS = 20
ERROR_LINE = re.compile(r"ERROR .+ \| fix: .+")
PROGRESS = ("add: ", "ingest: ")
NARROW = "\N{NARROW NO-BREAK SPACE}"  # in numbers

NASTY = [
    "", " ", "\t", "\u00a0", "\u200b", "\ufeff", "\u202e", "\x1b]0;x\x07", "\0", "\x9b31m", "\r",
    "\n", "\r\n", '"', '""', "'", "\\", "\\\\", ",", ";", "|", "=1+1", "<script>alert(1)</script>",
    "../x", "/dev/zero", "C:\\x", "a/b", ".", "..", "~", "-1", "0", "1e400", "nan", "NaN", "inf",
    "9" * 400, "-0", "0x10", "1_000", "١٢", "null", "None", "NA", "true", "é", "e\u0301", "ß", "İ",
    "猫", "👩\u200d👧", "\ud7ff", "x" * 5000, "{", "[", "[" * 200, '{"a":', "#", "# x", "sep=;",
    "train", "unlabelled", "%s", "${x}", "file:///x", "s3://", "://", "a::b", "http://[", "PAR1",
]  # fmt: skip
SCALARS = st.sampled_from(
    [None, True, False, 0, 1, -1, 2**63, 2**64, -(2**70), 1e308, -0.0, 0.5, float("nan")]
) | st.sampled_from(NASTY)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NASTY), inner),
    max_leaves=5,
)


def fuzzed(tries: int) -> Callable[[Any], Any]:
    """A test that `hypothesis` draws inputs for: so many, or GROUNDWORK_FUZZ times as many."""
    return settings(
        max_examples=tries * TIMES,
        derandomize=TIMES == 1,
        database=None,
        deadline=None,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
    )


@st.composite
def damaged(draw: st.DrawFn, whole: bytes) -> bytes:
    """The bytes of a file in which some were changed, cut out, repeated, or written between."""
    data = bytearray(whole)
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, max(0, len(data) - 1)))
        length = draw(st.sampled_from([1, 1, 2, 4, 16, 100]))
        match draw(st.sampled_from(["flip", "cut", "repeat", "insert", "end", "number"])):
            case "flip" if data:
                data[at] ^= 1 << draw(st.integers(0, 7))
            case "cut":
                del data[at : at + length]
            case "repeat":
                data[at:at] = data[at : at + length] * draw(st.sampled_from([1, 2, 300]))
            case "insert":
                data[at:at] = draw(st.sampled_from(NASTY)).encode()
            case "number":
                number = draw(st.sampled_from([0, 1, 2**31 - 1, 2**31, 2**32 - 1]))
                data[at : at + 4] = number.to_bytes(4, draw(st.sampled_from(["little", "big"])))
            case "end":
                del data[at:]
    return bytes(data)


def judge(main: Callable[[], None]) -> int:
    """Run a command's `main`; whatever it is given, it ends well or with one line, and in time.

    Returns:
        Its exit status: 0 or 1.
    """
    out, error, status = io.StringIO(), io.StringIO(), 0
    started = time.monotonic()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(error):
        try:
            run_command(main)
        except SystemExit as exit:
            status = exit.code if isinstance(exit.code, int) else 1
    lines = [line for line in error.getvalue().split("\n") if not line.startswith(PROGRESS)]
    assert lines.pop() == ""
    for line in [*lines, *out.getvalue().split("\n")]:
        assert line.replace(NARROW, "").isprintable(), line
    assert len(lines) == status, lines
    assert not lines or ERROR_LINE.fullmatch(lines[0]), lines
    assert status in (0, 1)
    assert time.monotonic() - started < MAX_SECONDS
    return status
