"""`transformer`: an encoder of the BERT family (Devlin et al. 2019, arXiv 1810.04805) that somebody
trained on much text, and a line upon the mean of its pieces (Reimers & Gurevych 2019, arXiv
1908.10084) and the first of them.

There is no dropout: on the few examples that it is for, answers would differ by luck.
"""

from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pipeline.modalities.protocols.encode import Preparation
from pipeline.modalities.protocols.network import Batch
from pipeline.modalities.text.encode.pieces import PIECES
from pipeline.runtime.errors import SettingsError

TRANSFORMER = "transformer"
ROWS_AT_ONCE = 64
KEYS = ("width", "layers", "heads", "inner", "positions", "vocabulary")
MOST = {"width": 4096, "layers": 64, "heads": 64, "inner": 1 << 15, "positions": 1 << 14}
ACTIVATIONS = ("gelu", "relu")


class Encoder(nn.Module):
    """Pieces `(N, length)` in, outputs `(N, K)`; `preparation` has `pieces` and `transformer`."""

    def __init__(self, preparation: Preparation, outputs: int) -> None:
        """
        Raises:
            SettingsError: the shards have no pieces, or it is not known how large the encoder is.
        """
        super().__init__()
        if PIECES not in preparation:
            raise SettingsError(
                "this network takes the column pieces, which the shards do not have",
                fix="add pieces to augment.encodings and name augment.tokenizer in params.yaml",
            )
        if TRANSFORMER not in preparation:
            raise SettingsError(
                "transformer starts from an encoder that was trained on much text, none is named",
                fix="set train.weights to a folder below models/start with its config.json, "
                "model.safetensors and tokenizer",
            )
        said = preparation[TRANSFORMER]
        _check(said, preparation[PIECES])
        self.rows_at_once = ROWS_AT_ONCE
        self.fill = int(preparation[PIECES]["fill"])
        self.embeddings = Embeddings(said)
        self.layers = nn.ModuleList(Layer(said) for _ in range(said["layers"]))
        self.head = nn.Linear(2 * said["width"], outputs)

    def embed(self, inputs: Batch) -> Tensor:
        """The mean of a text's pieces and the first of them as it is understood, `(N, 2 width)`.

        Both have a mean square of one. Questions are told apart by their first word.
        """
        ids = inputs[PIECES].long()
        places = torch.arange(ids.shape[1], device=ids.device)
        # The first piece stands in any text; in a row of nothing else it keeps numbers finite.
        there = (ids != self.fill) | (places == 0)
        hidden = self.embeddings(ids, places)
        for layer in self.layers:
            hidden = layer(hidden, there)
        weights = there.to(hidden.dtype).unsqueeze(2)
        mean = (hidden * weights).sum(1) / weights.sum(1)
        both = [F.normalize(part, dim=1) * part.shape[1] ** 0.5 for part in (mean, hidden[:, 1])]
        return torch.cat(both, 1)

    def read_out(self, embeddings: Tensor) -> Tensor:
        outputs: Tensor = self.head(embeddings)
        return outputs

    def forward(self, inputs: Batch) -> Tensor:
        return self.read_out(self.embed(inputs))


class Embeddings(nn.Module):
    """Vectors of pieces and of places; those of the first kind of sentence are in the latter."""

    def __init__(self, said: Mapping[str, Any]) -> None:
        super().__init__()
        self.pieces = nn.Embedding(said["vocabulary"], said["width"])
        self.places = nn.Embedding(said["positions"], said["width"])
        self.norm = nn.LayerNorm(said["width"], eps=said["epsilon"])

    def forward(self, ids: Tensor, places: Tensor) -> Tensor:
        normed: Tensor = self.norm(self.pieces(ids) + self.places(places))
        return normed


class Layer(nn.Module):
    """Attention, and a network of two layers, each added to what it took and normed."""

    def __init__(self, said: Mapping[str, Any]) -> None:
        super().__init__()
        width = said["width"]
        self.heads, self.is_gelu = said["heads"], said["activation"] == "gelu"
        self.query, self.key, self.value, self.mixed = (nn.Linear(width, width) for _ in range(4))
        self.norm = nn.LayerNorm(width, eps=said["epsilon"])
        self.wide, self.narrow = nn.Linear(width, said["inner"]), nn.Linear(said["inner"], width)
        self.last_norm = nn.LayerNorm(width, eps=said["epsilon"])

    def forward(self, hidden: Tensor, there: Tensor) -> Tensor:
        num, length, width = hidden.shape
        query, key, value = (
            line(hidden).reshape(num, length, self.heads, width // self.heads).transpose(1, 2)
            for line in (self.query, self.key, self.value)
        )
        seen = F.scaled_dot_product_attention(query, key, value, there[:, None, None, :])
        mixed = self.mixed(seen.transpose(1, 2).reshape(num, length, width))
        hidden = self.norm(hidden + mixed)
        wide = F.gelu(self.wide(hidden)) if self.is_gelu else F.relu(self.wide(hidden))
        added: Tensor = self.last_norm(hidden + self.narrow(wide))
        return added


def _check(said: Mapping[str, Any], pieces: Mapping[str, Any]) -> None:
    """Raises SettingsError where no encoder can be of such sizes, or not for these pieces."""
    for key in KEYS:
        value, most = said.get(key), MOST.get(key, 1 << 21)
        if type(value) is not int or not 1 <= value <= most:
            raise SettingsError(
                f"{key} of the encoder should be 1 to {most}, found {value!r:.40}",
                fix="bring back its config.json as it was published",
            )
    if said["width"] % said["heads"] or said.get("activation") not in ACTIVATIONS:
        raise SettingsError(
            f"the encoder's width must be a multiple of its {said['heads']} heads, and its "
            f"activation one of {', '.join(ACTIVATIONS)}",
            fix="take another encoder",
        )
    if pieces["vocabulary"] > said["vocabulary"] or pieces["length"] > said["positions"]:
        raise SettingsError(
            f"the tokenizer has {pieces['vocabulary']} pieces and texts up to {pieces['length']}, "
            f"the encoder {said['vocabulary']} and {said['positions']}",
            fix="set augment.tokenizer to the folder that train.weights names",
        )
