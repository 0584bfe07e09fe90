"""What a target has for evaluate, compare, predict: metrics, tables, and how sure they are."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy import sparse  # type: ignore[import-untyped]

from pipeline.dataset.arrays import Float32, Float64, Rows
from pipeline.targets.protocols.labels import TargetIndex


class Answers(NamedTuple):
    """Outputs of a network for N examples, `(N, K)`, and their labels as shards have them."""

    outputs: Float32
    y: NDArray


class TestTimes(NamedTuple):
    """When each of N test examples is asked about."""

    ordinals: NDArray[np.int64]
    """`(N,)`; see dataset/splits/times.py."""
    horizon: int
    """How many steps, from one different time to the next, until a label is decided."""


@dataclass(frozen=True)
class TestSplit:
    """N test examples with their labels, groups and measurements."""

    ids: list[str]
    y: NDArray
    """Labels as shards have them, `(N,)` or `(N, ...)`."""
    groups: list[str | None]
    measurements: Mapping[str, NDArray[np.floating]]
    """Each `(N,)`; by their tails the split is sliced."""
    leaked: NDArray[np.bool_]
    """Whether another split had the same example, `(N,)`."""
    times: TestTimes | None = None
    """None where time does not split the data."""
    values: Mapping[str, list[str | None]] = field(default_factory=dict)
    """What each example has in a column of `slices` of the entry, `(N,)`, by column."""


class Variant(NamedTuple):
    """Outputs for some test examples in a corrupted version."""

    name: str
    """`none` for the examples as they are."""
    strength: int
    """0 for none."""
    outputs: Float32


class Stressed(NamedTuple):
    """M of the test examples, asked again in several versions."""

    rows: Rows
    """Rows of the test split, `(M,)`; empty where nothing is corrupted."""
    variants: Iterable[Variant]
    """Variants of each of `rows`; the first is `none`, and none is computed before its turn."""


class Evaluation(NamedTuple):
    """The results of a model on the test split."""

    metrics: Mapping[str, float | str]
    """The content of reports/metrics.json."""
    tables: Mapping[str, pa.Table]
    """Tables of data/evaluation, at full precision.

    `predictions` has what `read_predictions` reads. These have at least the columns named:

    - `intervals`: metric, value, low, high;
    - `slices`: those of `Slice` of targets/slices.py, then count; the first row is of all examples;
    - `mistakes`: id; the worst first.
    """
    summary: Mapping[str, Any]
    """Values for the index of data/evaluation; `min_slice_examples` is one of them."""
    sentence: str
    """How good the model is, for the terminal."""


class Predictions(Protocol):
    """Outputs for N examples, as a target keeps them."""

    @property
    def ids(self) -> list[str]: ...

    @property
    def groups(self) -> list[str | None]: ...


class Judging(Protocol):
    """The names of `targets/<name>/judging/interface.py`; no torch there.

    A target of which groups are what is independent, also where examples have times, has
    `GROUPS_DECIDE = True` there.
    """

    GOOD: Mapping[str, int]
    """The metrics compared; 1 where more is better, -1 where less is."""
    JUDGED: Sequence[str]
    """Metrics by which a change is judged unless others are asked for."""
    BESIDE: Sequence[str]
    """Further keys of reports/metrics.json that are given for the strongest baseline too."""

    def probabilities(self, outputs: NDArray[np.floating]) -> Float64:
        """What outputs `(N, K)` say to people: probabilities, `(N, K)`."""
        ...

    def calibration(self, validation: Answers) -> Mapping[str, float]:
        """What is fitted on at least one validation example after training, such as a temperature;
        stands with what is served, and in the index of data/evaluation."""
        ...

    def evaluate(
        self,
        index: TargetIndex,
        test: TestSplit,
        outputs: Float32,
        validation: Answers,
        stressed: Stressed,
    ) -> Evaluation:
        """Test a model.

        Args:
            outputs: for the test split, `(N, K)`.
            validation: at least one example, for what is fitted after training alone.
        """
        ...

    def read_predictions(self, content: bytes, name: str) -> Any:
        """Read the bytes of a file with the table `predictions`; errors call it `name`.

        Returns:
            `Predictions`.

        Raises:
            CompareError: damaged, or of another version of this project.
        """
        ...

    def align(self, one: Any, other: Any) -> tuple[Any, Any]:
        """The examples that both `Predictions` have, in the order of the first.

        Raises:
            CompareError: they have other labels, or no example in common.
        """
        ...

    def scores(self, predictions: Any) -> sparse.csr_array:
        """A row for each of N examples, `(N, M)`, from whose sums all metrics follow."""
        ...

    def metrics_of(self, sums: Float64) -> Mapping[str, Float64]:
        """Metrics of sums of rows, `(..., M)`: those of GOOD at least, each of shape `(...)`."""
        ...
