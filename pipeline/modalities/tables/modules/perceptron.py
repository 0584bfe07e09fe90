"""`mlp`: numbers and embedded categories through hidden layers."""

from torch import Tensor, nn

from pipeline.modalities.protocols.encode import Preparation
from pipeline.modalities.protocols.network import Batch
from pipeline.modalities.tables.modules.inputs import FlatInputs

WIDTH, LAYERS, EMBEDDED = 128, 2, 8
DROPOUT = 0.1


class Perceptron(nn.Module):
    """Two hidden layers of rectified linear units."""

    def __init__(self, preparation: Preparation, outputs: int) -> None:
        super().__init__()
        self.inputs = FlatInputs(preparation, EMBEDDED)
        self.hidden = hidden_layers(self.inputs.width, WIDTH, LAYERS)
        self.head = nn.Linear(WIDTH, outputs)

    def embed(self, inputs: Batch) -> Tensor:
        embeddings: Tensor = self.hidden(self.inputs(inputs))
        return embeddings

    def read_out(self, embeddings: Tensor) -> Tensor:
        outputs: Tensor = self.head(embeddings)
        return outputs

    def forward(self, inputs: Batch) -> Tensor:
        return self.read_out(self.embed(inputs))


def hidden_layers(num_inputs: int, width: int, num_layers: int) -> nn.Sequential:
    """Layers of rectified linear units with dropout; they take `(..., num_inputs)`."""
    layers: list[nn.Module] = []
    for number in range(num_layers):
        layers += [
            nn.Linear(width if number else num_inputs, width),
            nn.ReLU(),
            nn.Dropout(DROPOUT),
        ]
    return nn.Sequential(*layers)
