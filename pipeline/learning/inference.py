"""What a network says of images."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from pipeline.learning.batches import Normalizer
from pipeline.learning.device import Device
from pipeline.learning.networks import WhitenedCNN

PREDICTION_BATCH = 1000


def predict(
    network: nn.Module, images: Tensor, normalize: Normalizer, device: Device
) -> NDArray[np.float32]:
    """Logits `(N, K)` for uint8 images `(N, H, W, C)`."""
    network.eval()
    logits = []
    with torch.inference_mode(), device.autocast():
        for batch in images.split(PREDICTION_BATCH):
            logits.append(network(normalize(batch.to(device.kind))).float())
    result: NDArray[np.float32] = torch.cat(logits).cpu().numpy()
    return result


def predict_and_embed(
    network: WhitenedCNN, images: Tensor, normalize: Normalizer, device: Device
) -> tuple[NDArray[np.float32], NDArray[np.float16]]:
    """Logits `(N, K)` and embeddings `(N, D)` for uint8 images `(N, H, W, C)`."""
    network.eval()
    logits, embeddings = [], []
    with torch.inference_mode(), device.autocast():
        for batch in images.split(PREDICTION_BATCH):
            embedded = network.embed(normalize(batch.to(device.kind)))
            embeddings.append(embedded.half().cpu())
            logits.append(network.classify(embedded).float().cpu())
    return torch.cat(logits).numpy(), torch.cat(embeddings).numpy()
