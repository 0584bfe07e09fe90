"""The part of a modality for clean: the quick network of the label check, and its inputs."""

from typing import Any, NamedTuple, Protocol

from torch import nn

from pipeline.dataset.arrays import Keys, Rows
from pipeline.modalities.protocols.encode import Inputs, Preparation


class QuickRecipe(NamedTuple):
    """The hyperparameters of the quick network; see learning/fitting/recipe.py for each value."""

    optimizer: str
    lr: float
    batch_size: int
    epochs: int
    schedule: str
    weight_decay: float


class LabelCheck(Protocol):
    """The names of `modalities/<name>/label_check/interface.py`.

    `loaded` is the result of `load` of `compare`; `settings` are the section `clean`.
    """

    def fit(self, loaded: Any, rows: Rows) -> Preparation:
        """Learn the preparation of the network from its training examples `rows`."""
        ...

    def inputs(self, loaded: Any, rows: Rows, preparation: Preparation) -> Inputs:
        """Inputs of the network for the examples `rows`, `(M, ...)` each."""
        ...

    def vary(self, inputs: Inputs, keys: Keys, copy: int, settings: Any, seed: int) -> Inputs:
        """Make version `copy` of each of M examples, with the same label; 0 is the original.

        `keys` has a key for each example, `(M,)`.
        """
        ...

    def num_views(self, settings: Any) -> int:
        """Number of versions of an example that a network predicts; 1 is the original alone."""
        ...

    def build(self, preparation: Preparation, outputs: int) -> nn.Module:
        """Build a network, initialised by torch's global seed, as in protocols/network.py.

        It has `embed` and `read_out`. One with a method `fit(inputs, y)` fits itself to inputs of
        the original examples and their labels, without the recipe.

        Args:
            outputs: width of the last layer.
        """
        ...

    def recipe(self, num_trained_on: int, epochs: int) -> QuickRecipe:
        """The recipe for this number of examples: `epochs` passes, or more if there are few."""
        ...

    def gains_by_bf16(self, preparation: Preparation) -> bool:
        """Whether examples are large enough for bf16 to pay on a CPU."""
        ...
