"""What is seen of items while events pass by."""

from collections import Counter

import pyarrow as pa

from pipeline.dataset.table import count
from pipeline.targets.protocols.labels import TargetIndex
from pipeline.targets.ranking.labels.reading import COLUMN, ITEMS

MOST = 0.5


class ItemTally:
    """Counts of events by item; see targets/protocols/labels.py."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def add(self, table: pa.Table) -> None:
        for (item,), number in count(table, COLUMN).items():
            if item is not None:
                self.counts[item] += number

    def summary(self, index: TargetIndex) -> list[str]:
        if not self.counts:
            return []
        most = max(self.counts.values())
        unused = len(index[ITEMS]) - len(self.counts)
        line = f"{len(self.counts)} items with events, at most {most} of one"
        return [line, *([f"{unused} items without any"] if unused else [])]

    def misfit(self) -> str | None:
        return None

    def oddities(self, index: TargetIndex) -> list[str]:
        total = self.counts.total()
        if not total:
            return []
        most = max(self.counts.values())
        if most > MOST * total and len(self.counts) > 1:
            return [f"{most} of {total} events are of one item: is the column of items right?"]
        return []
