"""What a modality has for clean: the quick network of the label check, and what it sees."""

from typing import Any, NamedTuple, Protocol

from torch import nn

from pipeline.dataset.arrays import Keys, Rows
from pipeline.modalities.protocols.encode import Inputs, Preparation


class QuickRecipe(NamedTuple):
    """How the quick network is trained; see learning/fitting/recipe.py for each value."""

    optimizer: str
    lr: float
    batch_size: int
    epochs: int
    schedule: str
    weight_decay: float


class LabelCheck(Protocol):
    """The names of `modalities/<name>/label_check/interface.py`.

    `loaded` is what `load` of `compare` gave; `settings` are the section `clean`.
    """

    def fit(self, loaded: Any, rows: Rows) -> Preparation:
        """What the network must know of the examples `rows` that it learns from."""
        ...

    def inputs(self, loaded: Any, rows: Rows, preparation: Preparation) -> Inputs:
        """What the network sees of the examples `rows`, `(M, ...)` each."""
        ...

    def vary(self, inputs: Inputs, keys: Keys, copy: int, settings: Any, seed: int) -> Inputs:
        """Version `copy` of each of M examples, whose labels hold for it too; 0 is the original.

        `keys` has a key for each example, `(M,)`.
        """
        ...

    def num_views(self, settings: Any) -> int:
        """How many versions of an example a network is asked about; 1 is the original alone."""
        ...

    def build(self, preparation: Preparation, outputs: int) -> nn.Module:
        """A freshly initialised network by torch's global seed, as in protocols/network.py.

        It has `embed` and `read_out`. One that has a method `fit(inputs, y)` fits itself by inputs
        of the original examples and their labels, and no recipe counts.

        Args:
            outputs: width of the last layer.
        """
        ...

    def recipe(self, num_trained_on: int, epochs: int) -> QuickRecipe:
        """How the network is trained on so many examples: for `epochs` passes, or more of few."""
        ...

    def gains_by_bf16(self, preparation: Preparation) -> bool:
        """Whether examples are large enough for bf16 to pay on a CPU."""
        ...
