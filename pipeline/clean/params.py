"""What params.yaml says to clean."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from pipeline.modalities.images.encode.settings import Transform
from pipeline.runtime.settings import Name, Seed, Settings


def _not_one(value: int) -> int:
    if value == 1:
        raise ValueError("0 or at least 2")
    return value


class Clean(Settings):
    folds: Annotated[int, Field(ge=0, le=20), AfterValidator(_not_one)]
    """Out-of-fold models for the label check; 0 leaves the check out, 1 is refused."""
    epochs: Annotated[int, Field(ge=1)]
    """Passes over the data that each out-of-fold model gets; more when the data is small."""
    transforms: list[Transform]
    """What leaves an image's class as it is, for these models to learn from: add `name: flip` where
    images may be mirrored."""
    action: Literal["keep", "flag", "drop", "relabel", "downweight"]
    """What happens to a suspected wrong label that nobody has reviewed. `keep` trains on it; `flag`
    too, but marks it in data/clean; `downweight` has it count as much as it is likely right."""
    remove_outliers: bool
    """Whether images that look like no other are removed from training; they are listed anyway."""


class CleanParams(Settings):
    dataset: Name
    seed: Seed
    clean: Clean
