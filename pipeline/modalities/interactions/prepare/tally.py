"""What is seen of events while they pass by: how many users, and how they differ."""

from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.dataset.rankings.listed import EARLIER
from pipeline.modalities.interactions.content.events import OF_USER


class EventTally:
    """Counts over usable events; see modalities/protocols/prepare.py. Repeats and the like are
    found by the source, which reads all events at once."""

    def __init__(self) -> None:
        self.num = self.num_new = 0
        self.most = 0

    def add(self, table: pa.Table) -> None:
        self.num += table.num_rows
        earlier = np.asarray(table[EARLIER])
        self.num_new += int((earlier == 0).sum())
        self.most = max(self.most, int(np.asarray(table[OF_USER]).max(initial=0)))

    def index(self, entry: Any) -> dict[str, Any]:
        return {}

    def remarks(self, entry: Any) -> list[str]:
        return []

    def headline(self) -> str:
        return f"at most {self.most} of one user"

    def summary(self) -> str:
        return f"events: {self.num}, at most {self.most} of one user"

    def entry_lines(self) -> list[str]:
        return []

    def oddities(self) -> list[str]:
        return []

    def decisions(self) -> list[str]:
        return []
