"""The quick network of the label check: a linear model plus a small hidden layer."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

WIDTH = 64
EMBEDDED = 8


class RowNetwork(nn.Module):
    """Numbers and embedded categories through one hidden layer."""

    def __init__(self, num_numbers: int, num_values: Sequence[int], outputs: int) -> None:
        super().__init__()
        self.embeddings = nn.ModuleList(nn.Embedding(max(n, 1), EMBEDDED) for n in num_values)
        width = num_numbers + EMBEDDED * len(num_values)
        self.hidden = nn.Linear(width, WIDTH)
        self.head = nn.Linear(WIDTH + width, outputs)

    def embed(self, inputs: Mapping[str, Tensor]) -> Tensor:
        codes = inputs["categories"].long()
        parts = [inputs["numbers"].float()]
        parts += [table(codes[:, place]) for place, table in enumerate(self.embeddings)]
        flat = torch.cat(parts, dim=1)
        return torch.cat([torch.relu(self.hidden(flat)), flat], dim=1)

    def read_out(self, embeddings: Tensor) -> Tensor:
        logits: Tensor = self.head(embeddings)
        return logits

    def forward(self, inputs: Mapping[str, Tensor]) -> Tensor:
        return self.read_out(self.embed(inputs))
