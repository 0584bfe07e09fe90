"""The ledger of cleaning: what is known of each example, and what is decided about it."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.dataset.labels import LabelCheck
from pipeline.dataset.reviews import DROP, KEEP, Decision


class Ledger:
    """What is known and decided of each row of data/raw, in its order."""

    def __init__(self, table: pa.Table, classes: list[str]) -> None:
        self.classes = classes
        self.ids: list[str] = table["id"].to_pylist()
        self.splits: list[str] = table["split"].to_pylist()
        groups = table["group"].to_pylist()
        self.owners = [g if g is not None else i for g, i in zip(groups, self.ids, strict=True)]
        codes = {name: code for code, name in enumerate(classes)}
        given = [codes.get(name, -1) for name in table["label"].to_pylist()]
        self.given = np.array(given, np.int64)
        self.labels = self.given.copy()
        self.reasons: dict[int, str] = {}
        self.quality = np.full(len(given), np.nan)
        self.weights = np.ones(len(given))
        self.proposed = self.given.copy()
        self.suspected = np.zeros(len(given), bool)
        self.noise_rate = 0.0

    @property
    def kept(self) -> NDArray[np.bool_]:
        kept = np.ones(len(self.ids), bool)
        kept[list(self.reasons)] = False
        return kept

    def split_of(self, name: str) -> NDArray[np.bool_]:
        return np.array([split == name for split in self.splits])

    def remove(self, reasons: dict[int, str]) -> None:
        """Remove rows; the first reason counts."""
        self.reasons = reasons | self.reasons

    def decide(self, decisions: dict[str, Decision]) -> set[int]:
        """Apply people's decisions; returns the rows decided on.

        Left out are decisions about ids that are gone, about labels that the source has changed
        since, and about test examples.
        """
        decided: set[int] = set()
        for row, id in enumerate(self.ids):
            decision = decisions.get(id)
            if decision is None or self.splits[row] == "test":
                continue
            if self.given[row] < 0 or decision.given != self.classes[self.given[row]]:
                continue
            decided.add(row)
            if decision.decision == DROP:
                self.remove({row: "review: drop"})
            elif decision.decision != KEEP:
                self.labels[row] = self.classes.index(decision.decision)
        return decided

    def suspect(self, where: NDArray[np.int64], found: LabelCheck, decided: set[int]) -> None:
        self.quality[where] = found.quality
        self.proposed[where] = found.proposed
        self.suspected[where] = found.is_issue
        self.suspected[list(decided)] = False

    def act(self, action: str, decided: set[int]) -> None:
        """Do with suspected labels what params say; nothing to test, nor to what people decided."""
        rows = np.flatnonzero(self.suspected & ~self.split_of("test"))
        rows = rows[~np.isin(rows, list(decided))]
        if action == "drop":
            self.remove({int(row): "label issue" for row in rows})
        elif action == "relabel":
            self.labels[rows] = self.proposed[rows]
        elif action == "downweight":
            self.weights[rows] = self.quality[rows]
