"""The names of modalities/protocols/show.py, for images."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from pipeline.modalities.images.show.figures import image_grid
from pipeline.modalities.images.show.model_card import HUB_MODALITY, describe_input
from pipeline.modalities.images.show.words import TAILS

__all__ = ["HUB_MODALITY", "TAILS", "describe_input", "grid"]


def grid(
    inputs: Mapping[str, NDArray],
    preparation: Mapping[str, Any],
    captions: Sequence[str],
    path: Path,
    *,
    columns: int,
    title: str,
) -> None:
    image_grid(inputs["x"], captions, path, columns=columns, title=title)
