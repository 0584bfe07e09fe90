"""What a modality has for train, export, evaluate: networks that take a shard's columns."""

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

from torch import Tensor, nn

from pipeline.modalities.protocols.encode import Preparation


class Moment(NamedTuple):
    """When a batch is trained on, and which part of it this process has."""

    seed: int
    epoch: int
    step: int
    done: float
    """The fraction of the epochs that is behind, 0 to 1."""
    part: tuple[int, int, int]
    """Rows `[begin, end)` of a batch of so many, which several processes share."""


class Network(Protocol):
    """The names of `modalities/<name>/network/interface.py`.

    A network takes a dictionary of a shard's input columns, `(N, ...)` each, as they stand in the
    shard, scales within, and answers with outputs `(N, K)`, so that it can be exported whole. It may
    have further attributes, which learning/ looks for:

    - `look_at(inputs)`, called before the first step with `num_looked_at` rows;
    - `begin_epoch(done)`, called before each epoch with the fraction of epochs that is behind;
    - `vary(inputs, moment)`: other versions of a batch in training, on the device;
    - `embed(inputs)`, `(N, D)`, and `classify(embeddings)`, which together are the network;
    - `rows_at_once`: how many rows to answer at a time, where 1,000 would not do;
    - `fit(reader)`: the network fits itself from the shards, without a loop (trees, closed forms).
    """

    def build(self, name: str, preparation: Preparation, outputs: int, settings: Any) -> nn.Module:
        """A freshly initialised network by torch's global seed.

        Args:
            outputs: width of the last layer.
            settings: the section `train`, or what model.json keeps of it; None for the defaults.

        Raises:
            SettingsError: there is no network of that name, or it cannot take such inputs.
        """
        ...

    def gains_by_bf16(self, preparation: Preparation) -> bool:
        """Whether examples are large enough for bf16 to pay on a CPU."""
        ...

    def describe(self, preparation: Preparation) -> str:
        """What the network takes, in words: `8 x 8 grey images`."""
        ...


Batch = Mapping[str, Tensor]
"""Input columns of N rows, by name."""
