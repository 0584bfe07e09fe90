"""The part of a target for clean: how likely each label is right, and what people should look at.

Labels are held as codes: numbers chosen by the target, `(N,)`, which only the target reads.
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
    """Whether there is a label; without one, a code means nothing."""


class Evidence(NamedTuple):
    """The evidence on the labels of N examples."""

    given: Codes
    outputs: NDArray[np.float32] | None
    """Outputs of networks that have not seen the example, `(N, K)`, or of F of them, `(F, N, K)`;
    None without networks."""
    annotations: Annotations | None
    """Labels by several people; rows count from 0 to N - 1."""


class Reliability(NamedTuple):
    """The reliability of the label check's networks, from their out-of-fold outputs."""

    out_of_fold_accuracy: float
    """Share of the given labels that networks predict without having seen them, 0 to 1."""
    guessing: float
    """The same for always predicting the most frequent label."""
    suspects_wrong: float
    """Estimated share of the suspected labels that are wrong, 0 to 1; 0 if none is suspected."""
    planted_precision: float
    """The same share in a probe with 5 % of labels exchanged at random."""
    trusted: bool
    """Whether suspects are certain enough to act on. Otherwise they are only listed, unless several
    people confirm them."""
    reason: str
    """Why it is trusted or not, a sentence without a full stop."""


class Checked(Protocol):
    """Results of the label check, for each of N examples; a target may add to it."""

    @property
    def reliability(self) -> Reliability | None:
        """None without networks."""
        ...

    @property
    def quality(self) -> Float64:
        """Probability that the given label is right, 0 to 1; NaN if unknown."""
        ...

    @property
    def is_issue(self) -> NDArray[np.bool_]:
        """Whether it is suspected: more likely wrong than right, if the check is reliable."""
        ...

    @property
    def is_sure(self) -> NDArray[np.bool_]:
        """Whether it is suspected by a trusted check, or by several people: enough to act on."""
        ...

    @property
    def proposed(self) -> Codes:
        """The most likely label."""
        ...

    @property
    def confidence(self) -> Float64:
        """Probability of the proposed label; NaN if the target has none."""
        ...

    @property
    def noise_rate(self) -> float | None:
        """Estimated share of wrong labels, 0 to 1; None if it cannot be estimated."""
        ...


class LabelDoubt(NamedTuple):
    """Why people should look at the label of an example."""

    reasons: list[str]
    """Some of REASONS of dataset/review/queue.py, in the order in which they are explained."""
    votes: list[tuple[str, int]]
    """Number of people for each label, where they differ; the most frequent first."""


class Noise(Protocol):
    """The names of `targets/<name>/noise/interface.py`; no torch there."""

    LOSS: Any
    """Settings of the target's loss (protocols/loss.py) for the check's networks; None if no
    label can be judged."""
    SCHEMAS: Mapping[str, pa.Schema]
    """Tables of data/findings that only this target has."""

    def read_labels(self, values: pa.ChunkedArray, target: TargetIndex) -> GivenLabels:
        """Convert labels of data/raw to codes."""
        ...

    def as_y(self, codes: Codes) -> NDArray:
        """Convert codes to the column `y` that the check's networks learn, `(N, ...)`.

        `codes` are those of all N examples that they learn from.
        """
        ...

    def column(self, codes: Codes, target: TargetIndex) -> pa.Array:
        """Convert codes to labels of data/clean."""
        ...

    def as_text(self, codes: Codes, target: TargetIndex) -> list[str]:
        """Convert codes to labels as people read and write them; every code must be known."""
        ...

    def code_of(self, text: str, target: TargetIndex) -> Any:
        """The code of a label that people have written, one that `choices` allows."""
        ...

    def choices(self, target: TargetIndex) -> LabelChoices:
        """The labels that people may choose."""
        ...

    def differ(self, one: Codes, other: Codes) -> NDArray[np.bool_]:
        """Mask of the P pairs whose labels differ more than those of equal examples may, `(P,)`."""
        ...

    def check_labels(
        self, learnt: Evidence, tested: Evidence, target: TargetIndex
    ) -> tuple[Checked, Checked | None]:
        """Estimate how likely labels are right, of the examples learnt from and of the test split.

        Args:
            learnt: has outputs `(N, K)`, of each example by the network that did not learn from it.
            tested: has outputs `(F, M, K)`, of all F networks. Results for `learnt` do not depend
                on it. Without rows there is no check.

        Raises:
            ValueError: outputs that are not finite.
        """
        ...

    def find_doubts(
        self, quality: Float64, annotations: Annotations | None, target: TargetIndex
    ) -> dict[int, LabelDoubt]:
        """Collect the doubts about labels, by row.

        Args:
            quality: that of each label, `(N,)`; NaN if it was not judged.
            annotations: those of these rows.
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
            ids: those of all N rows, like `splits`, `given` and `annotations`.
            learnt: the rows of `check`.
            check: the first result of `check_labels`, or None.
        """
        ...

    def summary(
        self, annotations: Annotations | None, target: TargetIndex
    ) -> dict[str, int | float]:
        """Figures of reports/labels.json on people's labels."""
        ...
