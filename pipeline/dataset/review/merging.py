"""Merges the journal into data/reviews/<dataset>.csv: all of its decisions, each line once."""

from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

from pipeline.dataset.review.decisions import Record, Reviews, as_line, bare
from pipeline.dataset.review.journal import Entry, Journal


class Merged(NamedTuple):
    """The content of the file as it should be."""

    text: str
    num_added: int
    """Number of missing decisions that were added."""
    withheld: list[Entry]
    """Missing too, but a person may have removed them: written again only on request."""


def merge(
    reviews: Reviews,
    journal: Journal,
    is_by_git: Callable[[], bool],
    is_committed: Callable[[Entry], bool],
) -> Merged:
    """Bring a journal into the parsed file.

    A decision that never reached the file is appended. So is one that was there and is gone, if
    git took it out (`is_by_git`), unless the file now has a decision about that example that is
    neither in the journal nor from before it. A decision that a branch has (`is_committed`) need
    not be in the file.
    """
    records, counts = reviews.records, reviews.counts.copy()
    leaving: set[int] = set()
    for item in journal.undone.values():
        if counts[item.line] >= item.nth and (not item.was_in_file or is_by_git()):
            _leave(item.line, records, leaving, counts)
    entries = journal.standing.values()
    missing = [e for e in entries if counts[e.line] < e.nth and not is_committed(e)]
    if not leaving and not missing:
        return Merged(reviews.text, 0, [])
    known = {entry.line for entry in entries} | {line for line, _ in journal.undone}
    added = {
        entry.key
        for entry in missing
        if not entry.was_in_file or (is_by_git() and _is_known(entry, reviews, known))
    }
    withheld = [entry for entry in missing if entry.key not in added]
    ending = _ending(journal, added, {entry.key for entry in withheld})
    for entry in ending:
        if entry.key not in added:  # it precedes a missing one in the file, but was decided later
            _leave(entry.line, records, leaving, counts)
    if not leaving and not ending:
        return Merged(reviews.text, 0, withheld)
    text = _without(reviews.text, records, leaving)
    return Merged(text + "".join(entry.line + "\n" for entry in ending), len(added), withheld)


def _ending(journal: Journal, added: set[str], withheld: set[str]) -> list[Entry]:
    """Entries to append to the file: missing ones, and later decisions about their examples."""
    ids: set[str] = set()
    ending = []
    for entry in journal.standing.values():
        if entry.key in added:
            ids.add(entry.decision.id)
            ending.append(entry)
        elif ids and entry.key not in withheld and entry.decision.id in ids:
            ending.append(entry)
    return ending


def _is_known(entry: Entry, reviews: Reviews, known: set[str]) -> bool:
    """Whether all decisions about the entry's example are in the journal, or from before it."""
    decision = reviews.decisions.get(entry.decision.id)
    line = bare(as_line(decision)) if decision else entry.before
    return line == entry.before or line in known


def _leave(line: str, records: list[Record], leaving: set[int], counts: Counter[str]) -> None:
    """Leave out the last of the records that are this line."""
    for number in reversed(range(len(records))):
        if number not in leaving and bare(records[number].text) == line:
            leaving.add(number)
            counts[line] -= 1
            return


def _without(text: str, records: list[Record], leaving: set[int]) -> str:
    for number in sorted(leaving, reverse=True):
        start = records[number].offset
        text = text[:start] + text[start + len(records[number].text) :]
    return text if text.endswith("\n") else text + "\n"
