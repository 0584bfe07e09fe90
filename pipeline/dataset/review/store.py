"""The store of decisions: the journal, and data/reviews/<dataset>.csv.

Each decision goes to the journal first, then to the CSV file, which stages read and people commit.
A second server, an editor or git may write to that file too: their bytes stay unchanged. While DVC
runs an experiment here, the file is not written; it gets the lines afterwards.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from typing import Any

from pipeline.dataset.review import versions
from pipeline.dataset.review.decisions import (
    ANY_LABEL,
    HEADER,
    Decision,
    LabelChoices,
    Reviews,
    as_line,
    bare,
    decoded,
    extended,
    parse_reviews,
    reviews_path,
)
from pipeline.dataset.review.journal import (
    IN_FILE,
    Entry,
    Journal,
    as_bytes,
    decided,
    journal_path,
    undo,
)
from pipeline.dataset.review.merging import merge
from pipeline.dataset.review.writing import (
    NO_FILE,
    State,
    append,
    locked,
    replace,
    state,
    state_of,
    write_all,
)
from pipeline.runtime.errors import ReviewError

ENOUGH_TO_KNOW = 512  # bytes that no two journals have in common


class ReviewStore:
    """The decisions about a dataset; its methods raise ReviewError for a file that is broken.

    `labels` are those that a decision may be for.
    """

    def __init__(self, dataset: str, labels: LabelChoices = ANY_LABEL) -> None:
        self.path = reviews_path(dataset)
        self.journal_path = journal_path(dataset)
        self.version = 0
        """Grows when somebody else has changed the file."""
        self.num_added = 0
        """Number of decisions missing in the file that were added from the journal."""
        self._labels = labels
        self._journal = Journal()
        self._journal_state: State | None = None
        self._journal_end = b""  # the last bytes that were read
        self._file_state: State | None = None
        self._on_disk, self._reviews = self._parse(HEADER), self._parse(HEADER)
        self._withheld: list[Entry] = []

    def decisions(self) -> dict[str, Decision]:
        """The current decisions, by id; read again only when the files have changed."""
        with self._locked() as journal:
            self._refresh(journal)
        return self._reviews.decisions

    def append(self, key: str, decision: Decision) -> None:
        """Store a decision so that it survives a crash; once for each key."""
        with self._locked() as journal:
            self._refresh(journal)
            self._append(journal, key, decision)

    def remove(self, decision: Decision) -> bool:
        """Take back a decision that `append` stored; returns whether it was still there.

        Only its line goes, wherever it is by now. Appending the former decision would not do: most
        examples had none, and the format has no word for undecided.
        """
        line = bare(as_line(decision))
        with self._locked() as journal:
            self._refresh(journal)
            count = self._reviews.counts[line]
            if not count and not self._journal.has_line(line):
                return False
            self._record(journal, undo(line, max(count, 1)))
            self._merge(journal)
            return True

    def write_again(self, key: str, decision: Decision) -> None:
        """Store again a decision that somebody took out of the file."""
        with self._locked() as journal:
            self._refresh(journal)
            if entry := self._journal.standing.get(key):
                self._record(journal, undo(entry.line, entry.nth))
            self._append(journal, key, decision)

    def withheld(self) -> list[Entry]:
        """Decisions that a person took out of the file, and that nobody took back."""
        self.decisions()
        return self._withheld

    def missing(self, decisions: Sequence[Decision]) -> list[Decision]:
        """Select the decisions whose lines are gone."""
        self.decisions()
        counts = self._reviews.counts
        return [decision for decision in decisions if not counts[bare(as_line(decision))]]

    def num_waiting(self) -> int:
        """Number of decisions and undos not yet in the file, because an experiment runs."""
        with self._locked() as journal:
            self._refresh(journal)
        return self._journal.num_fresh

    def news(self) -> list[str]:
        """Sentences for people on the state of the journal."""
        sentences = []
        if self.num_added:
            sentences.append(
                f"{counted(self.num_added, 'decision')} written into {self.path} again, from "
                f"{self.journal_path}"
            )
        if self.num_waiting():
            sentences.append(
                f"{counted(self.num_waiting(), 'decision')} since an experiment began here: "
                f"{self.path} gets them when it is over"
            )
        if self._withheld:
            sentences.append(
                f"{counted(len(self._withheld), 'decision')} of {self.journal_path} that somebody "
                f"took out of {self.path}: groundwork review asks what to do"
            )
        if self._journal.damaged:
            sentences.append(
                f"{counted(self._journal.damaged, 'line')} of {self.journal_path} damaged, and "
                "passed over"
            )
        return sentences

    def settle(self) -> None:
        """Write pending decisions into the file; empty the journal if all of it is committed."""
        if not self.journal_path.exists():
            return
        with self._locked() as journal:
            self._refresh(journal)
            if self._journal.is_in_file and self._is_committed():
                os.ftruncate(journal, 0)
                os.fsync(journal)

    def _append(self, journal: int, key: str, decision: Decision) -> None:
        if key in self._journal.standing:
            return
        line = bare(as_line(decision))
        former = self._reviews.decisions.get(decision.id)
        before = bare(as_line(former)) if former else ""
        self._record(journal, decided(key, decision, self._reviews.counts[line] + 1, before))
        text = self._reviews.text
        text += ("" if text.endswith("\n") else "\n") + line + "\n"
        self._reviews = extended(self._reviews, text, self.path, self._labels)
        self._write(journal)

    def _is_committed(self) -> bool:
        """Whether branches of git hold all that the journal has; not while DVC moves HEAD."""
        standing, undone = self._journal.standing.values(), self._journal.undone
        if not standing and not undone:
            return False
        with versions.left_alone_by_dvc() as is_left_alone:
            here = versions.lines_of_branch(self.path) if is_left_alone else None
            if here is None:
                return False
            branches = versions.lines_of_branches(self.path)
        return all(_is_in(branches, entry) for entry in standing) and all(
            here[line] < nth for line, nth in undone
        )

    @contextmanager
    def _locked(self) -> Iterator[int]:
        """The open journal with an exclusive lock; made first when it is not there."""
        try:
            with locked(self.journal_path) as journal:
                yield journal
        except OSError as error:
            raise ReviewError(
                f"{error.filename or self.path} cannot be read or written: {error.strerror}",
                fix="see to its rights and to the space on the disk",
            ) from error

    def _refresh(self, journal: int) -> None:
        """Read changes by others, and write pending decisions."""
        if state(os.fstat(journal)) != self._journal_state:
            self._read_journal(journal)
        elif self._file_state == state_of(self.path):
            self._write(journal)
            return
        self._merge(journal)

    def _read_journal(self, journal: int) -> None:
        """Read the new part of the journal, or all of it if the file was replaced."""
        now, size = state(os.fstat(journal)), len(self._journal_end)
        start = self._journal_state[1] if self._journal_state else 0
        if start > now[1] or os.pread(journal, size, start - size) != self._journal_end:
            start, self._journal = 0, Journal()
        self._journal.read(os.pread(journal, now[1] - start, start))
        size = min(now[1], ENOUGH_TO_KNOW)
        self._journal_end = os.pread(journal, size, now[1] - size)
        self._journal_state = now

    def _merge(self, journal: int) -> None:
        """Read the file, and bring it and the journal together."""
        found = state_of(self.path)
        content = self.path.read_bytes() if found != NO_FILE else b""
        text = decoded(content, self.path) or HEADER
        on_disk = self._parse(text, self._on_disk)
        is_by_git, is_committed = self._questions(found)
        merged = merge(on_disk, self._journal, is_by_git, is_committed)
        if self._file_state != found:
            self.version += 1
        self._on_disk, self._file_state = on_disk, found
        self._reviews = self._parse(merged.text, self._reviews)
        self._withheld = merged.withheld
        self.num_added += merged.num_added
        self._write(journal)

    def _write(self, journal: int) -> None:
        """Bring the file up to date, unless DVC would stumble over it."""
        while not self._journal.is_in_file or self._reviews.text != self._on_disk.text:
            with versions.left_alone_by_dvc() as is_left_alone:
                if not is_left_alone:
                    return
                # An editor does not ask for a lock, and may put another file in its place.
                is_known = self._file_state == state_of(self.path)
                if is_known and self._put():
                    with suppress(OSError):
                        self._record(journal, IN_FILE, durable=False)
                    return
            self._merge(journal)

    def _put(self) -> bool:
        """Write the file; returns whether it still has its name."""
        former, content = self._on_disk.text.encode(), self._reviews.text.encode()
        size = (self._file_state or NO_FILE)[1]
        if content != former or not size:
            is_longer = content.startswith(former) and size == len(former)
            if is_longer:
                found = append(self.path, content[len(former) :])
            else:
                found = replace(self.path, content)
            if found != state_of(self.path):
                return False
            self._file_state = found
            self._on_disk = self._parse(self._reviews.text, self._on_disk)
        return True

    def _record(self, journal: int, record: dict[str, Any], *, durable: bool = True) -> None:
        size = os.fstat(journal).st_size
        is_ended = not size or os.pread(journal, 1, size - 1) == b"\n"  # a kill may have cut it
        write_all(journal, (b"" if is_ended else b"\n") + as_bytes(record), size)
        if durable:
            os.fsync(journal)
        self._read_journal(journal)

    def _questions(self, found: State) -> tuple[Callable[[], bool], Callable[[Entry], bool]]:
        """Two checks, each run once: did git write the file, and does a branch have a decision."""

        @cache
        def is_by_git() -> bool:
            return found == NO_FILE or versions.is_version_of_git(self.path)

        @cache
        def branches() -> list[Counter[str]]:
            return versions.lines_of_branches(self.path)

        return is_by_git, lambda entry: entry.was_in_file and _is_in(branches(), entry)

    def _parse(self, text: str, former: Reviews | None = None) -> Reviews:
        if former is None:
            return parse_reviews(text, self.path, self._labels)
        return extended(former, text, self.path, self._labels)


def counted(number: int, noun: str) -> str:
    """A number with its noun: `1 example`, `2 examples`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _is_in(versions: Sequence[Counter[str]], entry: Entry) -> bool:
    return any(lines[entry.line] >= entry.nth for lines in versions)
