"""What a target has for clean: how likely each label is right, and what people should look at.

Labels are held as codes: numbers of the target's own choice, `(N,)`, which only the target reads.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.dataset.annotations import Annotations, Codes
from pipeline.dataset.arrays import Float64, Rows
from pipeline.dataset.review.decisions import LabelChoices
from pipeline.targets.protocols.labels import TargetIndex


class GivenLabels(NamedTuple):
    """Labels of N rows."""

    codes: Codes
    known: NDArray[np.bool_]
    """Where there is a label; elsewhere a code means nothing."""


class Evidence(NamedTuple):
    """By what the labels of N examples are judged."""

    given: Codes
    outputs: NDArray[np.float32] | None
    """Of networks that have not seen the example, `(N, K)`, or of F of them, `(F, N, K)`; None
    where none was asked."""
    annotations: Annotations | None
    """Labels by several people; rows count from 0 to N - 1."""


class Reliability(NamedTuple):
    """How far the label check by networks is to be relied on, by what is known out of fold."""

    out_of_fold_accuracy: float
    """Share of the given labels that networks name which have not seen the example, 0 to 1."""
    guessing: float
    """The same of somebody who always names the most frequent label."""
    suspects_wrong: float
    """Estimated share of the suspected labels that are wrong, 0 to 1; 0 where none is suspected."""
    planted_precision: float
    """What it would be, by a probe, of data with 5 % of labels exchanged at random."""
    trusted: bool
    """Whether suspects are sure enough to be acted on. Otherwise they are listed alone, unless
    several people confirm them."""
    reason: str
    """Why it is or is not, in a sentence without a full stop."""


class Checked(Protocol):
    """What the label check found, row by row of N examples; a target may add to it."""

    @property
    def reliability(self) -> Reliability | None:
        """None where no network was asked."""
        ...

    @property
    def quality(self) -> Float64:
        """Probability that the given label is right: 0 surely wrong, 1 surely right; NaN where
        nothing can be told."""
        ...

    @property
    def is_issue(self) -> NDArray[np.bool_]:
        """Where it is suspected: rather wrong than right, if the check can be relied on."""
        ...

    @property
    def is_sure(self) -> NDArray[np.bool_]:
        """Where it is suspected by a trusted check, or by several people: enough to act on."""
        ...

    @property
    def proposed(self) -> Codes:
        """The likeliest label."""
        ...

    @property
    def confidence(self) -> Float64:
        """Probability of the proposed label; NaN where the target has none."""
        ...

    @property
    def noise_rate(self) -> float | None:
        """Estimated share of wrong labels, 0 to 1; None where it cannot be told."""
        ...


class LabelDoubt(NamedTuple):
    """Why people should look at the label of an example."""

    reasons: list[str]
    """Out of those of dataset/review/queue.py, in the order in which they are explained."""
    votes: list[tuple[str, int]]
    """How many people gave each label, where they differ; the most frequent first."""


class Noise(Protocol):
    """The names of `targets/<name>/noise/interface.py`; no torch there."""

    LOSS: Any
    """Settings of the target's loss (protocols/loss.py) that the networks of the check learn by."""
    SCHEMAS: Mapping[str, pa.Schema]
    """Tables of data/findings that only this target has."""

    def read_labels(self, values: pa.ChunkedArray, target: TargetIndex) -> GivenLabels:
        """Codes of labels as data/raw has them."""
        ...

    def as_y(self, codes: Codes) -> NDArray:
        """What networks of the check learn from, as column `y` of shards, `(N, ...)`.

        `codes` are those of all N examples that they learn from.
        """
        ...

    def column(self, codes: Codes, target: TargetIndex) -> pa.Array:
        """Labels as data/clean has them."""
        ...

    def as_text(self, codes: Codes, target: TargetIndex) -> list[str]:
        """Labels as people read and write them, one for each code; every code must be known."""
        ...

    def code_of(self, text: str, target: TargetIndex) -> Any:
        """The code of a label that people have written, which `choices` lets through."""
        ...

    def choices(self, target: TargetIndex) -> LabelChoices:
        """Which labels people may decide for."""
        ...

    def differ(self, one: Codes, other: Codes) -> NDArray[np.bool_]:
        """Whether labels of P pairs differ by more than labels of equal examples may, `(P,)`."""
        ...

    def check_labels(
        self, learnt: Evidence, tested: Evidence, target: TargetIndex
    ) -> tuple[Checked, Checked | None]:
        """How likely labels are right, of what networks learnt from and of the test split.

        Args:
            learnt: has outputs `(N, K)`, of each example by the network that did not learn from it.
            tested: has outputs `(F, M, K)`, of all F networks. Nothing about `learnt` follows from
                it. For no rows there is no check.

        Raises:
            ValueError: outputs that are not finite.
        """
        ...

    def find_doubts(
        self, quality: Float64, annotations: Annotations | None, target: TargetIndex
    ) -> dict[int, LabelDoubt]:
        """By row, what there is to doubt in labels.

        Args:
            quality: of each label, `(N,)`; NaN where nobody has judged it.
            annotations: of these rows.
        """
        ...

    def tables(
        self,
        ids: Sequence[str],
        splits: Sequence[str],
        given: Codes,
        learnt: Rows,
        annotations: Annotations | None,
        check: Checked | None,
        target: TargetIndex,
    ) -> dict[str, pa.Table]:
        """The tables of SCHEMAS.

        Args:
            ids: of all N rows, as are `splits`, `given` and `annotations`.
            learnt: rows that `check` is of; it is what `check_labels` said of `learnt`, or None.
        """
        ...

    def summary(
        self, annotations: Annotations | None, target: TargetIndex
    ) -> dict[str, int | float]:
        """What reports/labels.json says of people's labels."""
        ...
