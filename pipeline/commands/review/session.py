"""A review session: the requests and actions of the page, without HTTP."""

import secrets
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.commands.review.lookup import RawExamples
from pipeline.commands.review.words import LABEL, offer, why
from pipeline.dataset.review.decisions import DROP, KEEP, Decision, LabelChoices
from pipeline.dataset.review.store import ReviewStore
from pipeline.modalities.protocols.show import Show
from pipeline.runtime.errors import ReviewError
from pipeline.targets.protocols.describe import Describe
from pipeline.targets.protocols.labels import TargetIndex

FILTERS = ("given", "proposed", "reason", "split")
MAX_NOTE = 2000  # characters
MAX_ITEMS = 50  # of one answer


@dataclass(frozen=True)
class Opened:
    """The modality's and the target's code for the examples and their labels."""

    show: Show
    target: Describe
    index: TargetIndex
    labels: LabelChoices
    notes: Sequence[str] = ()
    """Sentences on the reliability of the label check."""


class Session:
    """The queue, the decisions so far, and those made here.

    Methods return what becomes JSON. They may be called from several threads.

    Raises, in every method: ReviewError: data/reviews/<dataset>.csv is broken or cannot be written.
    ValueError: the page asked for something that does not exist.
    """

    def __init__(
        self,
        dataset: str,
        reviewer: str,
        opened: Opened,
        queue: pa.Table,
        raw: RawExamples,
        file: ReviewStore,
    ) -> None:
        self.id = secrets.token_hex(16)  # a secret: it opens pictures
        self.dataset = dataset
        self.reviewer = printable(reviewer)
        self.show, self.target = opened.show, opened.target
        self._labels, self._notes = opened.labels, opened.notes
        self._choices = opened.target.choices(opened.index)
        self._raw = raw
        self.file = file
        self._queue = queue = queue.combine_chunks()
        self._ids: list[str] = queue["id"].to_pylist()
        self._given: list[str] = queue["given"].to_pylist()
        self._rows = {id: row for row, id in enumerate(self._ids)}
        self._reasons = queue["reasons"].combine_chunks()
        self._lock = threading.Lock()
        self._written: dict[str, Decision] = {}  # by the key that the page gave each
        self._undone: set[str] = set()
        self._lost: dict[str, Decision] = {}  # those that somebody else took out of the file
        self._num_changes = 0  # made here
        self._is_waiting = False
        self._checked = -1  # version of the file that `_lost` is of

    def about(self) -> dict[str, Any]:
        """The data that the page loads once."""
        return {
            "session": self.id,
            "dataset": self.dataset,
            "file": str(self.file.path),
            "reviewer": self.reviewer,
            "noun": self.target.NOUN,
            "notes": [printable(note) for note in self._notes],
            "choices": self._choices,
            "filters": {name: self._counts(name) for name in FILTERS},
        }

    def select(self, filters: dict[str, str]) -> dict[str, Any]:
        """Rows of the queue that pass a filter, and which of them are decided."""
        keep = np.ones(len(self._ids), bool)
        for name, value in filters.items():
            keep &= self._matches(name, value)
        rows = np.flatnonzero(keep).tolist()
        with self._lock:
            decisions = self.file.decisions()
            return {
                "rows": rows,
                "decided": [row for row in rows if self._is_decided(row, decisions)],
                **self._news(),
            }

    def items(self, rows: Sequence[int]) -> list[dict[str, Any]]:
        """Everything that the page shows of these rows of the queue."""
        if len(rows) > MAX_ITEMS or not all(0 <= row < len(self._ids) for row in rows):
            raise ValueError("no such rows")
        with self._lock:
            decisions = self.file.decisions()
        found = self._queue.take(rows).to_pylist()
        return [
            item
            | {
                "row": row,
                "why": why(item, self.show, self.target),
                "offer": offer(item)._asdict(),
                "example": self._example(item["id"]),
                "pair": self._pair(item),
                "neighbours": [self._example(id) for id in item["neighbours"]],
                "decision": self._shown(row, decisions),
            }
            for row, item in zip(rows, found, strict=True)
        ]

    def media(self, row: int) -> tuple[str, bytes] | None:
        """Content type and bytes for a row of data/raw; None if there are none.

        Raises:
            MissingInput: data/raw has changed since, or is damaged.
        """
        content = self._raw.content(row, self.show.CONTENT)
        return None if content is None else self.show.media(content)

    def row_of(self, id: str) -> int | None:
        return self._rows.get(id)

    def decide(self, key: str, id: str, kind: str, label: str, note: str) -> dict[str, Any]:
        """Write a decision; once, however often the page sends it with the same key."""
        row = self._rows.get(id)
        if row is None:
            raise ValueError(f"{id!r} is not in the review queue")
        if kind == LABEL and (label in (KEEP, DROP) or not self._labels.allows(label)):
            raise ValueError(f"{label!r} is no {self.target.NOUN} that can be decided for")
        if kind not in (KEEP, DROP, LABEL):
            raise ValueError(f"{kind!r} is no decision")
        given = self._given[row]
        word = label if kind == LABEL else kind
        if word == given:
            word = KEEP
        decision = Decision(id, given, word, self.reviewer, printable(note)[:MAX_NOTE])
        with self._lock:
            if key not in self._written and key not in self._undone:
                self.file.append(key, decision)
                self._written[key] = decision
                self._num_changes += 1
            return self._outcome(row)

    def undo(self, key: str, id: str) -> dict[str, Any]:
        """Take back a decision of this session; once for each key, like `decide`."""
        if id not in self._rows:
            raise ValueError(f"{id!r} is not in the review queue")
        with self._lock:
            if key in self._written:
                self.file.remove(self._written[key])
                self._forget(key)
                self._num_changes += 1
            elif key not in self._undone:
                raise ValueError(
                    "an earlier session wrote this decision; decide again, or edit the file"
                )
            return self._outcome(self._rows[id])

    def restore(self, wanted: bool) -> dict[str, Any]:
        """Write again decisions of this session that somebody took out of the file, if `wanted`."""
        with self._lock:
            self._news()
            for key, decision in self._lost.items():
                if wanted:
                    self.file.write_again(key, decision)
                else:
                    self.file.remove(decision)
                    self._forget(key)
            self._lost = {}
            return self._news()

    def num_written(self) -> int:
        """Number of decisions of this session that stand; waits for one that is being written."""
        with self._lock:
            return len(self._written)

    def catch_up(self) -> None:
        """Write pending decisions into the file; errors are reported with the next decision."""
        if self._is_waiting and self._lock.acquire(blocking=False):
            try:
                with suppress(ReviewError):
                    self._is_waiting = self.file.num_waiting() > 0
            finally:
                self._lock.release()

    def _forget(self, key: str) -> None:
        self._written.pop(key, None)
        self._undone.add(key)

    def _outcome(self, row: int) -> dict[str, Any]:
        return {"decision": self._shown(row, self.file.decisions()), **self._news()}

    def _news(self) -> dict[str, Any]:
        """The news: a version that grows by one with each change, and the numbers of decisions of
        this session that are gone or pending."""
        self.file.decisions()
        if self.file.version != self._checked:
            gone = set(self.file.missing(list(self._written.values())))
            self._lost = {entry.key: entry.decision for entry in self.file.withheld()}
            self._lost |= {key: found for key, found in self._written.items() if found in gone}
            self._checked = self.file.version
        waiting = self.file.num_waiting()
        self._is_waiting = waiting > 0
        version = self.file.version + self._num_changes
        return {"version": version, "lost": len(self._lost), "waiting": waiting}

    def _is_decided(self, row: int, decisions: dict[str, Decision]) -> bool:
        decision = decisions.get(self._ids[row])
        return decision is not None and decision.given == self._given[row]

    def _shown(self, row: int, decisions: dict[str, Decision]) -> dict[str, Any] | None:
        """A decision in the form of the page; `stale` if it was about another given label."""
        decision = decisions.get(self._ids[row])
        if decision is None:
            return None
        return {
            "decision": decision.decision,
            "reviewer": decision.reviewer,
            "note": decision.note,
            "stale": decision.given != self._given[row],
        }

    def _example(self, id: str) -> dict[str, Any]:
        """An example in the form of the page; only the id if it is not in data/raw."""
        found = self._raw.examples.get(id)
        if found is None:
            return {"id": id}
        content, about = self._shown_of(id)
        return {
            "id": id,
            "row": found.row,
            "label": None if found.label is None else self.target.in_words(found.label),
            "html": self.show.html(content, about),
            "size": self.show.size(about),
        }

    def _pair(self, item: Mapping[str, Any]) -> str | None:
        """HTML of an example beside the one it looks like; None if there is none."""
        twin = item["like"]
        if twin not in self._raw.examples:
            return None
        content, about = self._shown_of(item["id"], f"{item['given']} in {item['split']}")
        like = f"{item['like_label']} in {item['like_split']}"
        return self.show.pair_html(content, about, *self._shown_of(twin, like))

    def _shown_of(self, id: str, caption: str = "") -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """The arguments of `show` for an example: its content, and its other columns."""
        found = self._raw.examples[id]
        columns = [name for name in self.show.CONTENT if name in self.show.SHOWN]
        content = self._raw.content(found.row, columns) if columns else None
        address = f"/media/{found.row}?session={self.id}"
        about = {**found.about, "id": id, "address": address, "caption": caption}
        if (of_group := getattr(self.show, "OF_GROUP", ())) and about.get("group") is not None:
            about["of_group"] = self._raw.of_group(about["group"], of_group)
        return content or {}, about

    def _matches(self, name: str, value: str) -> NDArray[np.bool_]:
        if name == "reason":
            mask = np.zeros(len(self._ids), bool)
            found = pc.equal(self._reasons.flatten(), value)
            mask[pc.list_parent_indices(self._reasons).filter(found).to_numpy()] = True
            return mask
        if name not in FILTERS:
            raise ValueError(f"{name!r} is no filter")
        return np.asarray(pc.equal(self._queue[name], value))

    def _counts(self, name: str) -> list[tuple[str, int]]:
        """Values of a filter, with the number of examples that pass it.

        In the order of the choices, else the most frequent first.
        """
        values = self._reasons.flatten() if name == "reason" else self._queue[name]
        counts = {entry["values"]: entry["counts"] for entry in pc.value_counts(values).to_pylist()}
        is_label = name in ("given", "proposed")
        order = self._choices if is_label else sorted(counts, key=lambda v: (-counts[v], v))
        return [(value, counts[value]) for value in order if value in counts]


def printable(text: str) -> str:
    """Text for one line of a file that people read."""
    return "".join(c if c.isprintable() else " " for c in text).strip()
