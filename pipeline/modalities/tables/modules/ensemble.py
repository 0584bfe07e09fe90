"""`tabm`: an ensemble of perceptrons that share their layers.

Gorishniy, Kotelnikov & Babenko 2024, "TabM: Advancing Tabular Deep Learning with
Parameter-Efficient Ensembling", arXiv 2410.24210: its variant TabM-mini on piecewise linear
embeddings. Each of k members has its own factors for the inputs of the first layer, and its own
head; the layers between are shared. Each learns by its own loss, and the outputs are the mean over
members.
"""

import torch
from torch import Tensor, nn

from pipeline.modalities.protocols.encode import Preparation
from pipeline.modalities.protocols.network import Batch
from pipeline.modalities.tables.modules.inputs import CATEGORIES, NUMBERS, Codes, embedding_of
from pipeline.modalities.tables.modules.perceptron import hidden_layers
from pipeline.modalities.tables.modules.piecewise import PiecewiseEmbedding

MEMBERS, WIDTH, LAYERS, EMBEDDED = 16, 128, 2, 8


class Ensemble(nn.Module):
    """Gives the outputs of each member, `(N, k, K)`, in training, otherwise their mean."""

    def __init__(self, preparation: Preparation, outputs: int) -> None:
        super().__init__()
        self.codes = Codes(preparation)
        self.num_numbers = len(preparation[NUMBERS])
        self.numbers = PiecewiseEmbedding(preparation, EMBEDDED) if self.num_numbers else None
        self.embedding = embedding_of(self.codes, EMBEDDED) if self.codes.width else None
        columns = self.num_numbers + self.codes.width
        # One sign for all numbers of a column: a member sees it unchanged, or negated.
        signs = torch.randint(0, 2, (MEMBERS, columns, 1)).float() * 2 - 1
        self.factors = nn.Parameter(signs.expand(-1, -1, EMBEDDED).flatten(1).clone())
        self.hidden = hidden_layers(columns * EMBEDDED, WIDTH, LAYERS)
        limit = WIDTH**-0.5
        self.head = nn.Parameter(torch.empty(MEMBERS, WIDTH, outputs).uniform_(-limit, limit))
        self.bias = nn.Parameter(torch.empty(MEMBERS, outputs).uniform_(-limit, limit))

    def members(self, inputs: Batch) -> Tensor:
        """The last hidden layer of each member, `(N, k, WIDTH)`."""
        parts = []
        if self.numbers is not None:
            parts.append(self.numbers(inputs[NUMBERS]).flatten(1))
        if self.embedding is not None:
            parts.append(self.embedding(self.codes(inputs[CATEGORIES])).flatten(1))
        seen = torch.cat(parts, 1)[:, None] * self.factors
        found: Tensor = self.hidden(seen)
        return found

    def embed(self, inputs: Batch) -> Tensor:
        return self.members(inputs).flatten(1)

    def read_out(self, embeddings: Tensor) -> Tensor:
        return self.outputs_of(embeddings.view(embeddings.shape[0], MEMBERS, WIDTH)).mean(1)

    def outputs_of(self, members: Tensor) -> Tensor:
        """Outputs of each member, `(N, k, K)`."""
        outputs: Tensor = torch.einsum("nkw,kwo->nko", members, self.head) + self.bias
        return outputs

    def forward(self, inputs: Batch) -> Tensor:
        outputs = self.outputs_of(self.members(inputs))
        return outputs if self.training else outputs.mean(1)
