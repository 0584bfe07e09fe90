"""Logits of a network for images, seen once or in several views."""

from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from pipeline.learning.device import Device
from pipeline.modalities.images.network.on_device import Normalizer, num_within, weighted_views

PREDICTION_BATCH = 1000
PREDICTION_PIXELS = PREDICTION_BATCH * 64 * 64  # of larger images fewer at once


class EmbeddingNetwork(Protocol):
    """A network that gives the input of its last layer too."""

    def eval(self) -> object: ...

    def embed(self, images: Tensor) -> Tensor:
        """Embeddings `(N, D)` of normalised images `(N, C, H, W)`."""
        ...

    def classify(self, embeddings: Tensor) -> Tensor:
        """Logits `(N, K)` of embeddings `(N, D)`."""
        ...


def predict(
    network: nn.Module,
    images: Tensor,
    normalize: Normalizer,
    device: Device,
    views: str = "original",
) -> NDArray[np.float32]:
    """Logits `(N, K)` for uint8 images `(N, H, W, C)`.

    With other `views` they are the weighted mean over several versions of each image
    (test-time augmentation as in airbench, Jordan 2024, arXiv 2404.00498): `mirrored` adds its
    mirror image, `shifted` two shifts by a pixel, `mirrored_and_shifted` both, six in all.
    """
    network.eval()
    logits = []
    with torch.inference_mode(), device.autocast():
        for batch in _batches(images):
            seen = normalize(batch.to(device.kind))
            weighted = [network(view).float() * w for view, w in weighted_views(seen, views)]
            logits.append(torch.stack(weighted).sum(0))
    result: NDArray[np.float32] = torch.cat(logits).cpu().numpy()
    return result


def _batches(images: Tensor) -> tuple[Tensor, ...]:
    fit = num_within(PREDICTION_PIXELS, images.shape[1:])
    batches: tuple[Tensor, ...] = images.split(min(PREDICTION_BATCH, fit))
    return batches


def predict_and_embed(
    network: EmbeddingNetwork, images: Tensor, normalize: Normalizer, device: Device
) -> tuple[NDArray[np.float32], NDArray[np.float16]]:
    """Logits `(N, K)` and embeddings `(N, D)` for uint8 images `(N, H, W, C)`."""
    network.eval()
    logits, embeddings = [], []
    with torch.inference_mode(), device.autocast():
        for batch in _batches(images):
            embedded = network.embed(normalize(batch.to(device.kind)))
            embeddings.append(embedded.half().cpu())
            logits.append(network.classify(embedded).float().cpu())
    return torch.cat(logits).numpy(), torch.cat(embeddings).numpy()
