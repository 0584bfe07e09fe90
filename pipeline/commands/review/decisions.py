"""Decisions as they are made: appended to data/reviews/<dataset>.csv, and taken back.

Others write to the file meanwhile: a second server, an editor, git. What they wrote stays as it
is, to the byte.
"""

import csv
import fcntl
import io
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from pipeline.dataset.review.decisions import (
    REVIEW_COLUMNS,
    Decision,
    LabelChoices,
    parse_decisions,
    reviews_path,
    split_records,
)
from pipeline.runtime.errors import ReviewError
from pipeline.runtime.files import written_whole

State = tuple[int, int, int]


class DecisionFile:
    """The decisions about a dataset; its methods raise ReviewError for a file that is broken.

    `labels` are those that a decision may be for.
    """

    def __init__(self, dataset: str, labels: LabelChoices) -> None:
        self.path = reviews_path(dataset)
        self.version = 0
        """Grows when somebody else has changed the file."""
        self._labels = labels
        self._state: State | None = None
        self._decisions: dict[str, Decision] = {}

    def decisions(self) -> dict[str, Decision]:
        """What counts now, by id; read again only when the file has changed."""
        with self._understood():
            try:
                with self.path.open("rb") as file:
                    fcntl.flock(file, fcntl.LOCK_SH)  # no line is half written meanwhile
                    self._refresh(file.fileno())
            except FileNotFoundError:
                if self._state is not None:
                    self._state, self._decisions = None, {}
                    self.version += 1
        return self._decisions

    def append(self, decision: Decision) -> None:
        """Write a decision so that it survives a crash."""
        line = as_line(decision)
        while True:
            with self._locked() as file:
                self._refresh(file)
                size = os.fstat(file).st_size
                ended = os.pread(file, 1, size - 1) == b"\n"  # somebody's last line may not be
                try:
                    _write(file, (line if ended else "\n" + line).encode())
                    os.fsync(file)
                except OSError:  # the disk is full: nothing rather than half a line
                    os.ftruncate(file, size)
                    raise
                self._decisions[decision.id] = decision
                self._state = _state(file)
                # An editor does not ask for the lock, and may have put another file in its place.
                if self._in_place(file):
                    return

    def remove(self, decision: Decision) -> bool:
        """Take back the line that `append` wrote; whether it was still there.

        The line goes, wherever it stands by now, and no other does. To append the former decision
        instead would not do: most examples had none, and the format has no word for undecided.
        """
        with self._locked() as file:
            content = self._content(file)
            line = _bare(as_line(decision))
            found = [r for r in split_records(content, self.path) if _bare(r.text) == line]
            if not found:
                return False
            start = found[-1].offset
            end = start + len(found[-1].text)
            if end == len(content):  # nothing else is touched
                os.ftruncate(file, len(content[:start].encode()))
                os.fsync(file)
            else:
                self._replace(content[:start] + content[end:], os.fstat(file).st_mode)
            return True

    def missing(self, decisions: Sequence[Decision]) -> list[Decision]:
        """Those of the decisions that `append` wrote whose lines are in the file no more."""
        lines: set[str] = set()
        with self._understood(), suppress(FileNotFoundError), self.path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH)
            content = self._content(file.fileno())
            lines = {_bare(record.text) for record in split_records(content, self.path)}
        return [decision for decision in decisions if _bare(as_line(decision)) not in lines]

    @contextmanager
    def _locked(self) -> Iterator[int]:
        """The open file with an exclusive lock; made first when it is not there."""
        with self._understood():
            while True:
                if not self.path.exists():
                    self._create()
                file = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC)
                try:
                    fcntl.flock(file, fcntl.LOCK_EX)
                    if self._in_place(file):
                        yield file
                        return
                finally:
                    os.close(file)

    @contextmanager
    def _understood(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise ReviewError(
                f"{self.path} cannot be read or written: {error.strerror}",
                fix="see to its rights and to the space on the disk",
            ) from error

    def _in_place(self, file: int) -> bool:
        """Whether the open file is still the one that has the name."""
        try:
            return os.path.samestat(os.fstat(file), self.path.stat())
        except FileNotFoundError:
            return False

    def _create(self) -> None:
        """Make the file with its header, whole or not at all, unless another process has."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        partial = self.path.with_name(f"{self.path.name}.{os.getpid()}.partial")
        partial.write_text(",".join(REVIEW_COLUMNS) + "\n", encoding="utf-8")
        with suppress(FileExistsError):
            os.link(partial, self.path)
        partial.unlink()

    def _refresh(self, file: int) -> None:
        state = _state(file)
        if state != self._state:
            content = os.pread(file, state[1], 0)
            self._decisions = parse_decisions(content, self.path, self._labels)
            self._state = state
            self.version += 1

    def _content(self, file: int) -> str:
        """The text of the file, once it is known to be sound; a mark at its start is kept."""
        self._refresh(file)
        return os.pread(file, os.fstat(file).st_size, 0).decode()

    def _replace(self, content: str, mode: int) -> None:
        with written_whole(self.path, durable=True) as partial:
            partial.write_text(content, encoding="utf-8", newline="")
            partial.chmod(mode & 0o777)


def as_line(decision: Decision) -> str:
    """The line of the file, from which csv reads the same decision."""
    text = io.StringIO()
    # With CRLF as line end csv quotes values that hold either of the two, else LF alone.
    values = [getattr(decision, name) for name in REVIEW_COLUMNS]
    csv.writer(text, lineterminator="\r\n").writerow(values)
    return text.getvalue().removesuffix("\r\n") + "\n"


def _bare(line: str) -> str:
    """A line without its end, which an editor may have changed."""
    return line.rstrip("\r\n")


def _state(file: int) -> State:
    stat = os.fstat(file)
    return stat.st_ino, stat.st_size, stat.st_mtime_ns


def _write(file: int, data: bytes) -> None:
    while data:
        data = data[os.write(file, data) :]
