"""Progress of long work: a bar on a terminal, and elsewhere a line every 30 seconds."""

import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from tqdm import tqdm

SAY_EVERY_SECONDS = 30.0


class Work:
    """The number of units done of a `total`, and what is being done."""

    def __init__(self, bar: "tqdm[Any]", total: int, doing: str, ended: Callable[[], None]) -> None:
        self.n = 0
        self.total, self._bar, self._ended = total, bar, ended
        self._doing = ""
        self._said_n, self._said_at = 0, time.monotonic()
        self.describe(doing)

    def update(self, num: int) -> None:
        """Count `num` more units as done."""
        self.n += num
        self._bar.update(num)

    def describe(self, doing: str) -> None:
        """Set what is being done now, such as `epoch 2 of 8`."""
        self._doing = doing
        self._bar.set_postfix_str(doing)

    def line(self) -> str:
        """What is being done, how much of it is done, and the time left at the last pace."""
        now = time.monotonic()
        words = progress_in_words(
            self._doing, self.n, self.total, self.n - self._said_n, now - self._said_at
        )
        self._said_n, self._said_at = self.n, now
        return words

    def __enter__(self) -> "Work":
        return self

    def __exit__(self, *error: object) -> None:
        self._bar.close()
        self._ended()


class Teller:
    """Prints progress at intervals, for as long as it is open.

    It is silent where a terminal shows a bar; where nobody counts units, it prints the time taken
    so far. A thread prints, since work may be in one call for long.
    """

    def __init__(
        self,
        name: str,
        say: Callable[[str], None],
        *,
        is_terminal: bool | None = None,
        every_seconds: float = SAY_EVERY_SECONDS,
    ) -> None:
        self._name, self._say, self._every_seconds = name, say, every_seconds
        self._is_terminal = sys.stderr.isatty() if is_terminal is None else is_terminal
        self._works: list[Work] = []
        self._started_at = time.monotonic()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def work(self, total: int, unit: str, doing: str = "") -> Work:
        """Begin work of `total` units; it ends with its `with` block."""
        bar: tqdm[Any] = tqdm(
            desc=self._name, total=total, unit=unit, disable=not self._is_terminal, leave=False
        )
        self._works.append(Work(bar, total, doing, self._end))
        return self._works[-1]

    def __enter__(self) -> "Teller":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Be silent from now on."""
        self._closed.set()
        self._thread.join()

    def _end(self) -> None:
        self._works.pop()

    def _run(self) -> None:
        while not self._closed.wait(self._every_seconds):
            if self._works and self._is_terminal:
                continue
            works = self._works[-1:]  # which may end meanwhile
            line = works[0].line() if works else ""
            time_taken = in_words(time.monotonic() - self._started_at)
            self._say(line or f"at work for {time_taken}")


def progress_in_words(doing: str, num: int, total: int, num_lately: int, seconds: float) -> str:
    """Progress as text, such as `epoch 4 of 8, 41 %, 2 min left`.

    Args:
        num: units done, of `total`.
        num_lately: units done within the last `seconds`; they tell how long the rest takes, once a
            hundredth is done.
    """
    parts = [doing] if doing else []
    if total:
        parts.append(f"{100 * num // total} %")
    if num_lately and total > num and 100 * num >= total:  # the very first steps are slow
        parts.append(f"{in_words((total - num) * seconds / num_lately)} left")
    return ", ".join(parts)


def in_words(seconds: float) -> str:
    """A time as text, to about two digits: `40 s`, `5 min`, `3 h 20 min`."""
    minutes = round(seconds / 60)
    if seconds < 60:
        return f"{round(seconds)} s"
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
