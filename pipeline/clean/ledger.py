"""The ledger of cleaning: findings and decisions about each example."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.dataset.annotations import Codes
from pipeline.dataset.arrays import Rows
from pipeline.dataset.findings import DROPPED, LABEL, OUTLIER
from pipeline.dataset.review.decisions import DROP, KEEP, Decision
from pipeline.targets.protocols.labels import TargetIndex
from pipeline.targets.protocols.noise import Checked, Noise, Reliability


class Removal(NamedTuple):
    """Why a row is removed."""

    reason: str
    """One of REASONS of findings.py."""
    detail: str | None = None
    of: int | None = None
    """The row it repeats."""
    similarity: float | None = None


class Ledger:
    """Findings and decisions about each row of data/raw, in its order.

    Labels are held as codes, which only the target reads; `text` decodes them.
    """

    def __init__(
        self,
        table: pa.Table,
        noise: Noise,
        target: TargetIndex,
        column: str = "label",
        *,
        whole_groups: bool = False,
    ) -> None:
        """Begin with all rows unchanged.

        Args:
            table: data/raw, columns id, split, group and `column`.
            target: the target's part of the index of data/raw.
            column: name of the column of labels.
            whole_groups: whether outliers are judged by their groups; see protocols/compare.py.
        """
        self.whole_groups = whole_groups
        self.noise, self.target, self.column = noise, target, column
        self.ids: list[str] = table["id"].to_pylist()
        self.splits: list[str] = table["split"].to_pylist()
        groups = table["group"].to_pylist()
        self.owners = [g if g is not None else i for g, i in zip(groups, self.ids, strict=True)]
        self.given, self.labelled = noise.read_labels(table[column], target)
        self.labels = self.given.copy()
        self.removed: dict[int, Removal] = {}
        """Rows that are removed, with reasons."""
        self.guessed: set[int] = set()
        """Rows that a machine removed on a guess."""
        self.decided: set[int] = set()
        """Rows that people decided on."""
        self.followed: set[int] = set()
        """Other rows of groups of which people decided to keep an outlier."""
        self.quality = np.full(len(self.ids), np.nan)
        self.weights = np.ones(len(self.ids))
        self.proposed = self.given.copy()
        self.confidence = np.full(len(self.ids), np.nan)
        """Probability of the proposed label."""
        self.suspected = np.zeros(len(self.ids), bool)
        self.doubted = np.zeros(len(self.ids), bool)
        """Suspected by the label check, even if people have decided since."""
        self.sure = np.zeros(len(self.ids), bool)
        """Suspected with enough certainty to act on."""
        self.marked = np.zeros(len(self.ids), bool)
        """Suspected, and marked in data/clean."""
        self.distance = np.full(len(self.ids), np.nan)
        """Distance from the nearest others, by embeddings; see outliers.py."""
        self.unusual = np.full(len(self.ids), np.nan)
        """How unusual the measurements are together; see outliers.py."""
        self.outliers = np.zeros(len(self.ids), bool)
        """Too unusual to belong to the dataset."""
        self.near_compared = True
        """Whether near duplicates could be searched for."""
        self.noise_rate: float | None = None
        """Estimated share of wrong labels; None if it cannot be estimated."""
        self.reliability: Reliability | None = None
        """Reliability of the networks of the label check; None without networks."""

    @property
    def kept(self) -> NDArray[np.bool_]:
        kept = np.ones(len(self.ids), bool)
        kept[list(self.removed)] = False
        return kept

    @property
    def judged(self) -> NDArray[np.bool_]:
        """Rows whose label the label check could judge."""
        return np.asarray(self.suspected | ~np.isnan(self.quality))

    @property
    def compared(self) -> bool:
        """Whether outliers could be searched for."""
        return bool((self.outliers | ~np.isnan(self.unusual)).any())

    def split_of(self, name: str) -> NDArray[np.bool_]:
        return np.array([split == name for split in self.splits])

    def remove(self, removals: Mapping[int, "Removal"], *, guessed: bool = False) -> None:
        """Remove rows; the first reason counts. People can bring back what a guess removed."""
        new = {row: removal for row, removal in removals.items() if row not in self.removed}
        self.removed |= new
        self.guessed |= new.keys() if guessed else set()

    def text(self, codes: Codes) -> list[str]:
        """Decode labels; all must be known."""
        return self.noise.as_text(codes, self.target)

    def suspect(self, where: Rows, found: Checked) -> None:
        """Enter the results of the label check for the rows `where`."""
        self.quality[where] = found.quality
        self.proposed[where] = found.proposed
        self.confidence[where] = found.confidence
        self.suspected[where] = self.doubted[where] = found.is_issue
        self.sure[where] = found.is_sure

    def decide(self, decisions: Mapping[str, Decision]) -> None:
        """Apply people's decisions, which override those of machines.

        Ignored are decisions about ids that are gone, about labels that the source has changed
        since, and about test examples.
        """
        for row, id in enumerate(self.ids):
            decision = decisions.get(id)
            if decision is None or self.splits[row] == "test":
                continue
            if not self.labelled[row] or [decision.given] != self.text(self.given[[row]]):
                continue
            self.decided.add(row)
            if decision.decision == DROP:
                self.remove({row: Removal(DROPPED)})
                continue
            if row in self.guessed:
                del self.removed[row]
                self.guessed.remove(row)
            if decision.decision != KEEP:
                self.labels[row] = self.noise.code_of(decision.decision, self.target)
        self.suspected[list(self.decided)] = False
        self.sure[list(self.decided)] = False
        self._follow()

    @property
    def shown_outliers(self) -> Rows:
        """Outliers that people are shown; if groups are judged, one of each group, and the first
        that is not in test if there is one."""
        outliers = np.flatnonzero(self.outliers)
        if not self.whole_groups:
            return outliers
        order = sorted(outliers.tolist(), key=lambda row: (self.splits[row] == "test", row))
        first: dict[str, int] = {}
        for row in order:
            first.setdefault(self.owners[row], row)
        return np.array(sorted(first.values()), np.int64)

    def _follow(self) -> None:
        """Apply a decision about an outlier to all outliers of its group, except those of test."""
        if not self.whole_groups:
            return
        decided = sorted(row for row in self.decided if self.outliers[row])
        keeps = {self.owners[row]: row not in self.removed for row in decided}
        for row in np.flatnonzero(self.outliers & ~self.split_of("test")).tolist():
            if row in self.decided or self.owners[row] not in keeps:
                continue
            if keeps[self.owners[row]]:
                self.followed.add(row)
            else:
                self.remove({row: Removal(DROPPED)})

    def act(self, action: str, *, remove_outliers: bool) -> None:
        """Apply the action of params to suspected rows, except test rows and decided ones.

        Rows that are not surely suspected are only marked: acting on them would do more harm.
        """
        self.marked[self._undecided(self.suspected)] = action != "keep"
        rows = self._undecided(self.sure)
        if action == "drop":
            self.remove({int(row): Removal(LABEL) for row in rows})
        elif action == "relabel":
            self.labels[rows] = self.proposed[rows]
        elif action == "downweight":
            self.weights[rows] = self.quality[rows]
        if remove_outliers:
            outliers = self._undecided(self.outliers)
            self.remove({int(row): Removal(OUTLIER) for row in outliers})

    def _undecided(self, chosen: NDArray[np.bool_]) -> Rows:
        rows = np.flatnonzero(chosen & ~self.split_of("test"))
        return rows[~np.isin(rows, list(self.decided | self.followed))]
