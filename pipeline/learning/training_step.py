"""One step of training: from a batch to new weights."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pipeline.learning.batches import Examples, Normalizer
from pipeline.learning.device import Device
from pipeline.learning.finite import FiniteGuard


@dataclass
class TrainingStep:
    """Forward, backward and update; nothing in it makes the host wait for a GPU."""

    network: nn.Module
    optimizer: torch.optim.Optimizer
    normalize: Normalizer
    device: Device
    guard: FiniteGuard
    label_smoothing: float
    totals: Tensor
    """Of the epoch so far, `(3,)`: loss, right answers, images."""

    def __call__(self, batch: Examples) -> None:
        """Raises TrainingError before the update, or some steps later (finite.py)."""
        images, labels, weights = batch
        with self.device.autocast():
            logits = self.network(self.normalize(images))
        losses = F.cross_entropy(
            logits.float(), labels, reduction="none", label_smoothing=self.label_smoothing
        )
        self.optimizer.zero_grad(set_to_none=True)
        ((losses * weights).sum() / weights.sum().clamp(min=1e-6)).backward()
        with torch.no_grad():
            right = (logits.argmax(1) == labels).float().sum()
            # Made there: a copy would wait for the device.
            count = torch.full_like(right, len(labels))
            sums = torch.stack([losses.sum(), right, count])
        self.guard.watch(sums[0])
        self.optimizer.step()
        self.totals += sums
