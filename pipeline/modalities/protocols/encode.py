"""What a modality has for augment, predict, serve: examples into columns of a shard, and varied."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from numpy.typing import NDArray

from pipeline.dataset.arrays import Keys
from pipeline.dataset.shards.column import ShardColumn

Preparation = Mapping[str, Any]
"""What is learnt from train to encode by, as JSON; it stands in the index of the shards and in
model.json."""
Inputs = dict[str, NDArray]
"""Input columns of N rows of shards by name, `(N, ...)` each."""


class Encode(Protocol):
    """The names of `modalities/<name>/encode/interface.py`; no torch, pyarrow or pandas there.

    Pure functions: a row of the result depends on the content, the preparation and the key of that
    row alone.
    """

    CONTENT: Sequence[str]
    """Columns of data/clean that `encode` reads."""

    def columns(self, preparation: Preparation) -> list[ShardColumn]:
        """The input columns of a shard, which a network takes."""
        ...

    def problem_in(self, preparation: Mapping[str, Any]) -> str | None:
        """Why nothing can be encoded by `preparation`, which may come from anywhere; or None."""
        ...

    def encode(self, contents: Mapping[str, Sequence[Any]], preparation: Preparation) -> Inputs:
        """N examples, each column as `columns` says, in that order.

        `contents` has a list of N values for each of CONTENT; None where there is nothing.
        """
        ...

    def vary(self, inputs: Inputs, keys: Keys, copy: int, settings: Any, seed: int) -> Inputs:
        """Version `copy` of each of N examples by what the modality adds to the section `augment`.

        Copy 0 is the original. `keys` has a key for each row, `(N,)`.

        Raises:
            SettingsError: a transform does not fit these inputs.
        """
        ...
