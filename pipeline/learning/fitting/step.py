"""One step of training: from a batch to new weights."""

from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pipeline.learning.batches import Examples
from pipeline.learning.device import Device
from pipeline.learning.fitting.finite import FiniteGuard
from pipeline.learning.fitting.ranks import ONE_RANK, Ranks
from pipeline.modalities.images.network.on_device import Normalizer


@dataclass
class TrainingStep:
    """Forward, backward and update; nothing in it makes the host wait for a GPU."""

    network: nn.Module
    """As `Ranks.parallel` gives it."""
    optimizer: torch.optim.Optimizer
    normalize: Normalizer
    device: Device
    guard: FiniteGuard
    label_smoothing: float
    totals: Tensor
    """Of the epoch so far and all ranks, `(3,)`: loss, right answers, images."""
    ranks: Ranks = ONE_RANK

    def __call__(self, batch: Examples) -> None:
        """Train on this rank's part of a batch: the loss is the weighted mean over the whole batch.

        Raises:
            TrainingError: the loss is no finite number; before the update, or some steps later.
        """
        images, labels, weights = batch
        weight = self.ranks.sum(weights.sum()).clamp(min=1e-6)
        with self.device.autocast():
            logits = self.network(self.normalize(images))
        losses = F.cross_entropy(
            logits.float(), labels, reduction="none", label_smoothing=self.label_smoothing
        )
        self.optimizer.zero_grad(set_to_none=True)
        # Gradients are averaged over ranks, hence the factor: the result is the batch's mean.
        ((losses * weights).sum() * self.ranks.num / weight).backward()
        with torch.no_grad():
            right = (logits.argmax(1) == labels).float().sum()
            # Created on the device: a copy from the host would wait for it.
            count = torch.full_like(right, len(labels))
            sums = self.ranks.sum(torch.stack([losses.sum(), right, count]))
        self.guard.watch(sums[0])
        self.optimizer.step()
        self.totals += sums

    def single_rank_copy(self, network: nn.Module) -> "TrainingStep":
        """The same step without the other ranks, which leaves the totals alone."""
        return replace(self, network=network, totals=self.totals.clone(), ranks=ONE_RANK)
