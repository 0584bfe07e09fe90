"""The part of a modality for augment, predict and serve: encodes and augments examples."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from numpy.typing import NDArray

from pipeline.dataset.arrays import Keys
from pipeline.dataset.shards.column import ShardColumn

Preparation = Mapping[str, Any]
"""The encoding learnt from train, as JSON; it is in the index of the shards and in model.json."""
Inputs = dict[str, NDArray]
"""Input columns of N rows of shards by name, `(N, ...)` each."""


class Encode(Protocol):
    """The names of `modalities/<name>/encode/interface.py`; no torch, pyarrow or pandas there.

    Pure functions: a row of the result depends on the content, the preparation and the key of that
    row alone.

    Two optional names, where a model may know nothing of whom it is asked about, and answers all of
    them alike: `is_known(inputs)`, whether something is known of each, `(N,)`, and `UNKNOWN`, words
    that stand before the answer where nothing is.
    """

    CONTENT: Sequence[str]
    """Columns of data/clean that `encode` reads."""

    def columns(self, preparation: Preparation) -> list[ShardColumn]:
        """The input columns of a shard, which a network takes."""
        ...

    def problem_in(self, preparation: Mapping[str, Any]) -> str | None:
        """Why an untrusted `preparation` is not valid; or None."""
        ...

    def encode(self, contents: Mapping[str, Sequence[Any]], preparation: Preparation) -> Inputs:
        """Encode N examples into the columns of `columns`, in that order.

        `contents` has a list of N values for each of CONTENT; None for missing content.
        """
        ...

    def vary(self, inputs: Inputs, keys: Keys, copy: int, settings: Any, seed: int) -> Inputs:
        """Make version `copy` of each of N examples by the modality's settings of `augment`.

        Copy 0 is the original. `keys` has a key for each row, `(N,)`.

        Raises:
            SettingsError: a transform does not fit these inputs.
        """
        ...
