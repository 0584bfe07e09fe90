"""What changed, summed up: how many examples in which way, which, and what they have in common."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.commands.diff.changes import Changes
from pipeline.commands.diff.concentration import Concentration, concentration
from pipeline.commands.diff.origins import ANNOTATOR, ORIGINS, Origins
from pipeline.dataset.table import SPLITS

OF_LABEL = ("added", "removed", "content")
BETWEEN = {"relabelled": "label", "moved": "split"}
BECAUSE = {"excluded": 1, "restored": 0}
"""Where the reason stands: in the version before, 0, or after, 1."""
NOTHING = "(none)"
MOST_LABELS = 50
"""The most labels whose counts are shown; of more the splits alone."""


@dataclass(frozen=True)
class Example:
    """One that changed."""

    key: str
    id: str | None
    """None where no version of the data at hand has it."""
    change: str
    """What became of it: `cat -> dog`."""


@dataclass(frozen=True)
class OfKind:
    """The examples that changed in one way."""

    kind: str
    count: int
    details: Counter[str]
    """What they are, or what became what, and how often."""
    concentrations: list[Concentration]
    examples: list[Example]


def summarise(changes: Changes, origins: Origins) -> list[OfKind]:
    """Sum up each kind of change, in the order of KINDS."""
    return [_of_kind(kind, changes, origins) for kind in changes.kinds]


def _of_kind(kind: str, changes: Changes, origins: Origins) -> OfKind:
    keys = changes.keys(kind)
    words = list(_words(kind, changes))
    examples = [
        Example(key, origins.ids.get(key), word) for key, word in zip(keys, words, strict=True)
    ]
    details = Counter(words)
    if kind == "reweighted":
        details = Counter("up" if up else "down" for up in _ups(changes))
    return OfKind(kind, len(keys), details, list(_concentrations(kind, changes, origins)), examples)


def _words(kind: str, changes: Changes) -> Iterator[str]:
    """What became of each example of a kind."""
    if kind in BECAUSE:
        for values in changes.values(kind, "reason"):
            yield values[BECAUSE[kind]] or NOTHING
        return
    if kind in OF_LABEL:
        for before, after in changes.values(kind, "label"):
            yield (after if kind != "removed" else before) or NOTHING
        return
    for before, after in changes.values(kind, BETWEEN.get(kind, "weight")):
        yield f"{before or NOTHING} -> {after or NOTHING}"


def _ups(changes: Changes) -> Iterator[bool]:
    for before, after in changes.values("reweighted", "weight"):
        yield float(after or 0) > float(before or 0)


def _concentrations(kind: str, changes: Changes, origins: Origins) -> Iterator[Concentration]:
    version = changes.after if kind == "added" else changes.before
    for column in ("label", "split"):
        pairs = changes.values(kind, column)
        changed = Counter(after if kind == "added" else before for before, after in pairs)
        found = concentration(column, _named(changed), _named(_counts(version[column])))
        if found:
            yield found
    keys = changes.keys(kind)
    for column in (*ORIGINS, ANNOTATOR):
        found = concentration(column, origins.of(keys, column), origins.totals.get(column, {}))
        if found:
            yield found


def _named(counts: Counter[str | None]) -> dict[str, int]:
    return {value or NOTHING: count for value, count in counts.items()}


def _counts(column: pa.ChunkedArray) -> Counter[str | None]:
    return Counter({e["values"]: e["counts"] for e in pc.value_counts(column).to_pylist()})


def counts_of(rows: pa.Table) -> Counter[tuple[str, str]]:
    """How many examples that are in the data each label and split has."""
    kept = rows.filter(pc.equal(rows["reason"], ""))
    groups = kept.group_by(["label", "split"]).aggregate([([], "count_all")]).to_pylist()
    return Counter({(g["label"], g["split"]): g["count_all"] for g in groups})


def table_of_counts(changes: Changes) -> tuple[list[str], list[list[str]]]:
    """Header and rows of the counts by label and split: before, and by how much they changed."""
    before, after = counts_of(changes.before), counts_of(changes.after)
    labels = sorted({label for label, _ in (*before, *after)})
    others = {split for _, split in (*before, *after)} - {*SPLITS}
    splits = [*SPLITS, *sorted(others)]

    def row(name: str, of: Sequence[str]) -> list[str]:
        cells = []
        for split in splits:
            one, other = (sum(counts[label, split] for label in of) for counts in (before, after))
            change = f" {other - one:+,}" if other != one else ""
            cells.append(f"{one:,}{change}")
        return [name or NOTHING, *cells]

    shown = labels if 1 < len(labels) <= MOST_LABELS else []
    rows = [row(label, [label]) for label in shown]
    return ["label", *(split or NOTHING for split in splits)], [*rows, row("all", labels)]
