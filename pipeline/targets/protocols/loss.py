"""The part of a target for clean and train: the loss, and the choice of the best epoch."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from torch import Tensor

from pipeline.targets.protocols.labels import TargetIndex


class Loss(Protocol):
    """The names of `targets/<name>/loss/interface.py`.

    Outputs are those of a network, `(N, K)`; y is the column `y` of shards, whose integers have
    become int64. All but `validate` runs in every step: nothing in it waits for a GPU.
    """

    COUNTED: Sequence[str]
    """Figures averaged over an epoch besides the loss: `accuracy`."""
    SHOWN: str
    """The figure of an epoch that people watch: `val_accuracy`."""
    MORE_IS_BETTER: bool
    """Whether a greater SHOWN is better."""

    def problem_in(self, index: TargetIndex, settings: Any) -> str | None:
        """Why labels of this index cannot be learnt by `settings`; None if they can."""
        ...

    def losses(self, outputs: Tensor, y: Tensor, settings: Any) -> Tensor:
        """The loss of each row, `(N,)`, of float32 outputs.

        `settings` has what the target adds to the section `train`; None for its defaults.
        """
        ...

    def counted(self, outputs: Tensor, y: Tensor) -> Sequence[Tensor]:
        """The sum over the rows of each of COUNTED, a float32 number on the device.

        Under autocast the outputs have the network's type.
        """
        ...

    def validate(self, outputs: Tensor, y: Tensor, settings: Any) -> dict[str, float]:
        """`loss` and each of COUNTED on all validation rows; outputs are float32, on the host.

        The loss is the mean of `losses`; or, if outputs of different networks have no common scale,
        another figure that is better the smaller it is.

        `settings` as in `losses`.
        """
        ...

    def score(self, row: Mapping[str, float]) -> tuple[float, ...]:
        """The score by which epochs are compared, the greater the better.

        `row` is an epoch's row in the history, with `val_loss` and so on.
        """
        ...
