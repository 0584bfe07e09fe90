"""Which epoch of a run is kept, and when to stop waiting for a better one."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import nn

from pipeline.learning.batches import Examples
from pipeline.learning.device import Device
from pipeline.learning.fitting.ranks import Ranks
from pipeline.learning.inference import predict
from pipeline.modalities.images.network.on_device import Normalizer

History = Sequence[dict[str, float]]
"""One row per epoch."""


def score_epoch(
    network: nn.Module,
    examples: Examples,
    normalize: Normalizer,
    device: Device,
    views: str,
    ranks: Ranks,
) -> dict[str, float]:
    """Loss and accuracy on the validation examples; each rank computes the logits of a part."""
    labels = examples.labels
    begin, end = ranks.share.part(0, len(labels))
    images = examples.images[begin:end]
    part = torch.from_numpy(predict(network, images, normalize, device, views))
    logits = ranks.concatenate(part, begin, len(labels), device)
    scores = {
        "val_loss": float(F.cross_entropy(logits, labels)),
        "val_accuracy": float((logits.argmax(1) == labels).double().mean()),
    }
    return ranks.from_first(scores, device)


def is_best(history: History) -> bool:
    """Whether the last epoch is better than all before: more accurate, or as much at less loss."""
    score = [(row["val_accuracy"], -row["val_loss"]) for row in history]
    return all(score[-1] > earlier for earlier in score[:-1])


def should_stop(history: History, best_epoch: int, patience: int) -> bool:
    return len(history) - best_epoch >= patience
