"""The served form of a network: columns of a shard in, outputs and embeddings out."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from pipeline.dataset.arrays import Float32
from pipeline.learning.device import Device
from pipeline.learning.inference import batches_of


class ServedNetwork(nn.Module):
    """Gives outputs `(N, K)` and embeddings `(N, D)` of columns passed by position."""

    shift: Tensor | None
    """Added to outputs, `(K,)`."""

    def __init__(
        self, network: nn.Module, columns: Sequence[str], shift: Tensor | None = None
    ) -> None:
        super().__init__()
        self.register_buffer("shift", shift)
        self.network, self.columns = network, columns

    def forward(self, *values: Tensor) -> tuple[Tensor, Tensor]:
        inputs = dict(zip(self.columns, values, strict=True))
        network: Any = self.network
        if hasattr(network, "answer_and_embed"):
            outputs, embeddings = network.answer_and_embed(inputs)
        elif hasattr(network, "embed"):
            embeddings = network.embed(inputs)
            outputs = network.read_out(embeddings)
        else:
            outputs = embeddings = network(inputs)
        if hasattr(network, "novelty"):
            embeddings = torch.cat([embeddings.flatten(1), network.novelty(inputs)], 1)
        if self.shift is not None:
            outputs = outputs + self.shift
        return outputs.float(), embeddings.float().flatten(1)


def answer_and_embed(
    served: ServedNetwork, inputs: Mapping[str, NDArray], device: Device
) -> tuple[Float32, Float32]:
    """Compute outputs `(N, K)` and embeddings `(N, D)` of N examples."""
    served.eval()
    # On a GPU, convolutions in TF32 would differ by more than a graph may.
    torch.backends.cudnn.allow_tf32 = False
    parts = []
    with torch.inference_mode(), device.autocast():
        for batch in batches_of(served.network, inputs, device):
            parts.append([values.cpu() for values in served(*batch.values())])
    outputs, embeddings = (torch.cat(part).numpy() for part in zip(*parts, strict=True))
    return outputs, embeddings
