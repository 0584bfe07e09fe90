"""Counts of classes while rows pass by, and sentences on what looks odd."""

from collections import Counter

import pyarrow as pa

from pipeline.dataset.table import count
from pipeline.targets.classes.labels.columns import COLUMN
from pipeline.targets.classes.labels.misfits import misfit
from pipeline.targets.protocols.labels import TargetIndex

MAX_CLASSES_LISTED = 12
MAX_NAMES_LISTED = 5
FEW_EXAMPLES = 20
RARE_BELOW = 10  # times rarer than the most frequent class


class ClassTally:
    """Examples by class; see targets/protocols/labels.py."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def add(self, table: pa.Table) -> None:
        counts = {name: number for (name,), number in count(table, COLUMN).items()}
        counts.pop(None, None)
        self.counts.update(counts)

    def summary(self, index: TargetIndex) -> list[str]:
        names = index["classes"]
        lines = [f"{name}: {self.counts[name]}" for name in names[:MAX_CLASSES_LISTED]]
        if len(names) > MAX_CLASSES_LISTED:
            lines.append(f"... and {len(names) - MAX_CLASSES_LISTED} more classes")
        return lines

    def misfit(self) -> str | None:
        return misfit(self.counts)

    def oddities(self, index: TargetIndex) -> list[str]:
        found = []
        if (unfit := self.misfit()) is not None:
            found.append(f"{unfit}; target: classes has one class for each example")
        most = max(self.counts.values(), default=0)
        if rare := [name for name, n in self.counts.items() if n * RARE_BELOW < most]:
            found.append(f"less than a tenth of the largest class: {some(rare)}")
        if few := [name for name, n in self.counts.items() if n < FEW_EXAMPLES]:
            found.append(f"fewer than {FEW_EXAMPLES} examples: {some(few)}")
        alike = Counter(name.strip().casefold().replace(" ", "_") for name in index["classes"])
        if same := [name for name, n in alike.items() if n > 1]:
            found.append(f"class names that differ in case or spaces alone: {some(same)}")
        return found


def some(names: list[str]) -> str:
    """List the first few names."""
    num_more = len(names) - MAX_NAMES_LISTED
    return ", ".join(names[:MAX_NAMES_LISTED]) + (f" and {num_more} more" if num_more > 0 else "")
