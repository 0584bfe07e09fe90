"""What a modality has for train, export, evaluate: networks that take a shard's columns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from torch import Tensor, nn

from pipeline.modalities.protocols.encode import Preparation

Batch = Mapping[str, Tensor]
"""Input columns of N rows, by name."""


class Moment(NamedTuple):
    """When a batch is trained on, and which part of it this process has."""

    seed: int
    epoch: int
    step: int
    done: float
    """The fraction of the epochs that is behind, 0 to 1."""
    part: tuple[int, int, int]
    """Rows `[begin, end)` of a batch of so many, which several processes share."""


@dataclass(frozen=True)
class Weights:
    """Tensors by name, and their origin."""

    tensors: Mapping[str, Tensor]
    about: dict[str, Any]
    """For model.json: weights, sha256, dataset and license, the latter two None when unknown."""
    preparation: Preparation | None = None
    """The preparation of what they were learnt on; None when unknown, as is `target`."""
    target: Mapping[str, Any] | None = None
    """What labels could be; None where the head cannot be told to be of the same."""


class Adapted(NamedTuple):
    """Weights of other data, as a network for the data at hand takes them."""

    tensors: Mapping[str, Tensor]
    """Tensors by the names that the network has for them."""
    preparation: Preparation
    """The preparation of the data at hand, scaled as it was for these weights."""
    remark: str
    """What people should know, to follow a semicolon; may be empty."""


class Network(Protocol):
    """The names of `modalities/<name>/network/interface.py`.

    It may have `foreign(name, folder)`, the Weights in a folder without model.json, as others lay
    them out; it raises as `published` does.

    A network takes a dictionary of a shard's input columns, `(N, ...)` each, as they stand in the
    shard, scales within, and answers with outputs `(N, K)`, so that it can be exported whole. It
    may have further attributes, which learning/ looks for:

    - `num_looked_at`: with how many rows of the first epoch, at most, `look_at(inputs)` is called
      before the first step, on the device; 0 for not at all;
    - `begin_epoch(done)`, called before each epoch with the fraction of epochs that is behind;
    - `vary(inputs, moment)`: other versions of a batch in training, on the device;
    - `embed(inputs)`, `(N, D)`, and `read_out(embeddings)`, which together are the network;
    - `novelty(inputs)`, `(N, C)`: how much of an example is unknown to train, if embeddings do not
      show it; the served graph appends it to embeddings, which `monitor` compares;
    - `answer_and_embed(inputs)`: outputs and embeddings in one pass, where the two above would not
      do. What is served gives both; a network without any of these has its outputs as embeddings;
    - `rows_at_once`: how many rows to answer at a time, where 1,000 would not do;
    - `leaves_out_seen`: whether it never answers what it has learnt from, so that figures on train
      would say nothing;
    - `fit(reader, losses, seed)`: the network fits itself from the shards (a ShardReader), without
      a loop (trees, closed forms); `losses(outputs, y)` is the loss of each row, `(N,)`, of outputs
      `(N, K)`.

    In training a network of several members may answer with the outputs of each, `(N, M, K)`: the
    loss is then the mean over members, each of which learns by itself.
    """

    PUBLISHERS: Sequence[str]
    """Who publishes weights, by the names that `train.weights` may have."""

    def candidates(self, name: str) -> Sequence[str]:
        """The networks that training tries for the name of params.yaml, the plainest first: the
        best on validation becomes the model (train/choosing.py). Mostly the name alone."""
        ...

    def build(self, name: str, preparation: Preparation, outputs: int, settings: Any) -> nn.Module:
        """A freshly initialised network by torch's global seed.

        Args:
            outputs: width of the last layer.
            settings: the section `train`, or the dictionary that model.json keeps of it (`recipe`);
                None for the defaults.

        Raises:
            SettingsError: there is no network of that name, or it cannot take such inputs.
        """
        ...

    def published(self, name: str, weights: str) -> Weights:
        """The weights that one of PUBLISHERS has for the network `name`.

        Raises:
            SettingsError: there are none for it.
            MissingInput: they cannot be had.
        """
        ...

    def adapt(self, name: str, weights: Weights, preparation: Preparation) -> Adapted:
        """Weights of other data for a network `name` that is to be built for this `preparation`.

        Raises:
            SettingsError: they are for other inputs.
        """
        ...

    def gains_by_bf16(self, preparation: Preparation) -> bool:
        """Whether examples are large enough for bf16 to pay on a CPU."""
        ...

    def describe(self, preparation: Preparation) -> str:
        """What the network takes, in words: `8 x 8 grey images`."""
        ...
