"""What a modality has for describe, report, review: examples as HTML and as pictures, and words."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from numpy.typing import NDArray

from pipeline.modalities.protocols.encode import Preparation


class Show(Protocol):
    """The names of `modalities/<name>/show/interface.py`."""

    TAILS: Mapping[str, tuple[str, str]]
    """What the lowest and the highest quarter of the examples are called, by the names of
    `slice_values` of stress/."""
    HUB_MODALITY: str
    """First word of a task on the Hugging Face Hub, such as `image`."""

    def describe_input(self, preparation: Preparation) -> str:
        """What a model takes, as Markdown: `8 x 8 grey images; others are resized by ...`."""
        ...

    def grid(
        self,
        inputs: Mapping[str, NDArray],
        preparation: Preparation,
        captions: Sequence[str],
        path: Path,
        *,
        columns: int,
        title: str,
    ) -> None:
        """Draw N examples as shards have them, in rows of `columns`, each with a caption.

        Without any, the title alone.
        """
        ...
