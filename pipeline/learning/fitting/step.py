"""One step of training: from a batch to new weights."""

from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from pipeline.learning.batches import Examples
from pipeline.learning.device import Device
from pipeline.learning.fitting.finite import FiniteGuard
from pipeline.learning.fitting.ranks import ONE_RANK, Ranks
from pipeline.targets.protocols.loss import Loss


@dataclass
class TrainingStep:
    """Forward, backward and update, without making the host wait for a GPU."""

    network: nn.Module
    """Wrapped by `Ranks.parallel`."""
    optimizer: torch.optim.Optimizer
    loss: Loss
    settings: Any
    """Settings of the loss."""
    device: Device
    guard: FiniteGuard
    totals: Tensor
    """Sums over the epoch so far and all ranks: the loss, its other figures, and examples."""
    ranks: Ranks = ONE_RANK

    def __call__(self, batch: Examples) -> None:
        """Train on this rank's part of a batch: the loss is the weighted mean over the whole batch.

        Raises:
            TrainingError: the loss is not finite; before the update, or some steps later.
        """
        inputs, y, weights = batch
        weight = self.ranks.sum(weights.sum()).clamp(min=1e-6)
        with self.device.autocast():
            outputs = self.network(inputs)
        losses = self.losses(outputs.float(), y)
        self.optimizer.zero_grad(set_to_none=True)
        # Gradients are averaged over ranks, hence the factor: the result is the batch's mean.
        ((losses * weights).sum() * self.ranks.num / weight).backward()
        with torch.no_grad():
            total = losses.sum()
            # Created on the device: a copy from the host would wait.
            count = torch.full_like(total, len(y))
            together = outputs if outputs.ndim == 2 else outputs.mean(1)
            counted = self.loss.counted(together, y)
            sums = self.ranks.sum(torch.stack([total, *counted, count]))
        self.guard.watch(sums[0])
        self.optimizer.step()
        self.totals += sums

    def losses(self, outputs: Tensor, y: Tensor) -> Tensor:
        """The loss of each of N rows; for outputs of M members, `(N, M, K)`, the mean over them."""
        if outputs.ndim == 2:
            return self.loss.losses(outputs, y, self.settings)
        num = outputs.shape[1]
        each = self.loss.losses(outputs.flatten(0, 1), y.repeat_interleave(num, 0), self.settings)
        return each.view(-1, num).mean(1)

    def single_rank_copy(self, network: nn.Module) -> "TrainingStep":
        """Copy this step without the other ranks; the copy does not change the totals."""
        return replace(self, network=network, totals=self.totals.clone(), ranks=ONE_RANK)
