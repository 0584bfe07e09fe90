"""Outputs of a network for examples, in batches."""

from collections.abc import Iterator, Mapping
from typing import Protocol

import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from pipeline.dataset.arrays import Float32
from pipeline.learning.batches import Inputs
from pipeline.learning.device import Device

ROWS_AT_ONCE = 1000
"""Default for networks that set no number."""


class EmbeddingNetwork(Protocol):
    """A network that also gives the input of its last layer."""

    def eval(self) -> object: ...

    def embed(self, inputs: Inputs) -> Tensor:
        """Embeddings `(N, D)`."""
        ...

    def read_out(self, embeddings: Tensor) -> Tensor:
        """Outputs `(N, K)` of embeddings `(N, D)`."""
        ...


def predict(network: nn.Module, inputs: Mapping[str, Tensor | NDArray], device: Device) -> Float32:
    """Outputs `(N, K)` for N examples."""
    network.eval()
    outputs = []
    with torch.inference_mode(), device.autocast():
        for batch in batches_of(network, inputs, device):
            outputs.append(network(batch).float())
    result: Float32 = torch.cat(outputs).cpu().numpy()
    return result


def predict_and_embed(
    network: EmbeddingNetwork, inputs: Mapping[str, Tensor | NDArray], device: Device
) -> tuple[Float32, NDArray]:
    """Outputs `(N, K)`, and embeddings `(N, D)` in float16, for N examples."""
    network.eval()
    outputs, embeddings = [], []
    with torch.inference_mode(), device.autocast():
        for batch in batches_of(network, inputs, device):
            embedded = network.embed(batch)
            embeddings.append(embedded.half().cpu())
            outputs.append(network.read_out(embedded).float().cpu())
    return torch.cat(outputs).numpy(), torch.cat(embeddings).numpy()


def batches_of(
    network: object, inputs: Mapping[str, Tensor | NDArray], device: Device
) -> Iterator[Inputs]:
    """Move rows to the device in batches of the network's size; at least one batch, even of no
    rows."""
    num = getattr(network, "rows_at_once", ROWS_AT_ONCE)
    columns = {name: torch.as_tensor(values).split(num) for name, values in inputs.items()}
    for parts in zip(*columns.values(), strict=True):
        rows = zip(columns, parts, strict=True)
        yield {name: values.to(device.kind) for name, values in rows}
