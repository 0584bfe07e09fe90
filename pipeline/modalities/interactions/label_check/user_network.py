"""A vector for each user, and a line."""

from collections.abc import Mapping

from torch import Tensor, nn

WIDTH = 16


class UserNetwork(nn.Module):
    def __init__(self, num_users: int, outputs: int) -> None:
        super().__init__()
        self.users = nn.Embedding(num_users, WIDTH)
        self.head = nn.Linear(WIDTH, outputs)

    def embed(self, inputs: Mapping[str, Tensor]) -> Tensor:
        vectors: Tensor = self.users(inputs["user"].long())
        return vectors

    def read_out(self, embeddings: Tensor) -> Tensor:
        outputs: Tensor = self.head(embeddings)
        return outputs

    def forward(self, inputs: Mapping[str, Tensor]) -> Tensor:
        return self.read_out(self.embed(inputs))
