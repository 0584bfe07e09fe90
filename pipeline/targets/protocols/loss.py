"""What a target has for clean, train: the loss, and which epoch is the best."""

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
    """What is averaged over an epoch beside the loss: `accuracy`."""
    SHOWN: str
    """The figure of an epoch that people watch: `val_accuracy`."""
    MORE_IS_BETTER: bool
    """Of SHOWN."""

    def problem_in(self, index: TargetIndex, settings: Any) -> str | None:
        """Why nothing can be learnt of labels of this index by `settings`; None where it can."""
        ...

    def losses(self, outputs: Tensor, y: Tensor, settings: Any) -> Tensor:
        """The loss of each row, `(N,)`, of float32 outputs.

        `settings` has what the target adds to the section `train`; None for its defaults.
        """
        ...

    def counted(self, outputs: Tensor, y: Tensor) -> Sequence[Tensor]:
        """For each of COUNTED its sum over the rows, a float32 number on the device.

        Under autocast the outputs are as the network left them.
        """
        ...

    def validate(self, outputs: Tensor, y: Tensor, settings: Any) -> dict[str, float]:
        """`loss` and each of COUNTED on all validation rows; outputs are float32, on the host.

        `settings` as in `losses`.
        """
        ...

    def score(self, row: Mapping[str, float]) -> tuple[float, ...]:
        """By which epochs are compared, the greater the better.

        `row` is that of an epoch in the history, with `val_loss` and so on.
        """
        ...
