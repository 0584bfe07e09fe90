"""What a target has for clean, train: the loss, and which epoch is the best."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from torch import Tensor


class Loss(Protocol):
    """The names of `targets/<name>/loss/interface.py`."""

    COUNTED: Sequence[str]
    """What is averaged over an epoch beside the loss: `accuracy`."""
    SHOWN: str
    """The figure of an epoch that people watch: `val_accuracy`."""
    MORE_IS_BETTER: bool
    """Of SHOWN."""

    def losses(self, outputs: Tensor, y: Tensor, settings: Any) -> Tensor:
        """The loss of each row, `(N,)`, of float32 outputs `(N, K)`.

        `settings` has what the target adds to the section `train`.
        """
        ...

    def counted(self, outputs: Tensor, y: Tensor) -> Tensor:
        """Sums over the rows of each of COUNTED, `(C,)`, on the device."""
        ...

    def validate(self, outputs: Tensor, y: Tensor) -> dict[str, float]:
        """`loss` and each of COUNTED on all validation rows."""
        ...

    def score(self, row: Mapping[str, float]) -> tuple[float, ...]:
        """By which epochs are compared, the greater the better; `row` has `val_loss` and so on."""
        ...
