"""What params.yaml says to augment."""

from typing import Annotated, Literal

from pydantic import Field

from pipeline.modalities.images.encode.settings import Transform
from pipeline.runtime.settings import Seed, Settings


class Augment(Settings):
    copies: Annotated[int, Field(ge=1, le=1000)]
    """Versions of each training example in the shards; the first is the original."""
    balance: Literal["none", "sqrt", "full"]
    """Rows of each class in every copy but the first: as the data are, in proportion to the square
    root of that, or the same for all. Examples of rare classes then stand there several times, each
    time augmented differently, and those of frequent classes take turns (augment/balance.py)."""
    transforms: list[Transform]
    """Applied in this order to every copy but the first."""
    resize: Literal["squash", "crop", "pad"]
    """How an image of another shape becomes image_size."""
    shard_mb: Annotated[float, Field(gt=0)]
    """Usual size of a shard in megabytes of pixels; most have two to four thirds of it."""
    engine: Literal["local", "ray"]
    """Who makes the shards: processes of this machine, or a Ray cluster (RAY_ADDRESS names it). The
    bytes are the same."""


class AugmentParams(Settings):
    seed: Seed
    augment: Augment
