"""Detects numbers that are not finite before an update, without waiting for the device.

A loss or gradient that is infinite or NaN would spoil every weight. It sets a flag on the device,
where the fused optimizers and Muon read it: once it is set, no update is made. On a CPU the host
reads the flag in each step, which is free; with a GPU it would have to wait, so it reads the flag
at intervals, and before anything is saved.
"""

import math

import torch
from torch import Tensor, nn

from pipeline.learning.device import Device
from pipeline.runtime.errors import TrainingError

LOOK_EVERY_STEPS = {"cuda": 50}
"""Steps between reads of the flag, by device; others read it in every step."""


class FiniteGuard:
    """Watches the losses, gradients and weights of a training run."""

    def __init__(self, network: nn.Module, device: Device, *, lr: float, optimizer: str) -> None:
        """`lr` and `optimizer` are named in the error."""
        self._network, self._device = network, device
        self._parameters = list(network.parameters())
        self._lr, self._optimizer = lr, optimizer
        self._look_every = LOOK_EVERY_STEPS.get(device.kind, 1)
        self._one = torch.ones((), device=device.kind)
        self._found = torch.zeros((), device=device.kind)
        self._bad_steps = torch.zeros((), device=device.kind)
        self.begin(0, 0)

    def begin(self, epoch: int, step: int) -> None:
        """Set the next epoch and step; both count from 0."""
        self._epoch, self._step, self._num_steps = epoch, step, 0
        self._bad_steps.zero_()

    def protect(self, optimizer: torch.optim.Optimizer) -> None:
        """Make it skip updates once the flag is set, if the host does not look in each step.

        Torch's fused optimizers read an attribute of this name, which its GradScaler sets.
        """
        if self._look_every > 1:
            optimizer.found_inf = self._found  # type: ignore[attr-defined]

    @torch.no_grad()
    def watch(self, loss: Tensor) -> None:
        """Check a step between its gradients and its update.

        Raises:
            TrainingError: it is time to look, and the flag is set.
        """
        watched = [p.grad for p in self._parameters if p.grad is not None]
        watched.append(loss)
        # GradScaler's kernel with scale 1: a single pass whose only effect is the flag. It takes
        # less time than their norm (docs/decisions/finite-steps.md).
        torch._amp_foreach_non_finite_check_and_unscale_(watched, self._found, self._one)
        self._bad_steps += self._found
        self._num_steps += 1
        if self._num_steps % self._look_every == 0:
            self.check()

    def check(self) -> None:
        """Read the flag.

        Raises:
            TrainingError: a loss or gradient was not finite.
        """
        if self._found.item():
            step = self._step + self._num_steps - int(self._bad_steps) + 1
            raise self._error(
                f"the loss or its gradient is no longer a finite number in epoch {self._epoch + 1},"
                f" step {step}: that update was not made"
            )

    def check_all(self) -> None:
        """Check the flag and all weights: a finite gradient can make them infinite.

        Raises:
            TrainingError: one of them is not finite.
        """
        self.check()
        values = [v for v in self._network.state_dict().values() if v.is_floating_point()]
        if not bool(torch.stack(torch._foreach_norm(values)).isfinite().all()):
            raise self._error(
                f"the weights are no longer finite numbers in epoch {self._epoch + 1}, "
                f"by step {self._step + self._num_steps}"
            )

    def check_validation(self, loss: float) -> None:
        """Raises TrainingError for a loss that is not finite, which finite weights may give."""
        if not math.isfinite(loss):
            raise self._error(f"the validation loss of epoch {self._epoch + 1} is {loss}")

    def _error(self, what: str) -> TrainingError:
        precision = ", or train.precision: fp32" if self._device.bf16 else ""
        return TrainingError(
            f"{what} (lr {self._lr:g}, optimizer {self._optimizer})",
            fix=f"try a smaller lr, such as {self._lr / 3:.2g}{precision}",
        )
