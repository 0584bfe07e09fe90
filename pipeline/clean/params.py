"""What params.yaml says to clean; the modality adds to it."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from pipeline.modalities.opening import modality_fields
from pipeline.runtime.settings import Kind, Name, Seed, Settings, with_fields


def _not_one(value: int) -> int:
    if value == 1:
        raise ValueError("0 or at least 2")
    return value


class Clean(Settings):
    folds: Annotated[int, Field(ge=0, le=20), AfterValidator(_not_one)]
    """Out-of-fold models for the label check; 0 leaves the check out, 1 is refused."""
    epochs: Annotated[int, Field(ge=1)]
    """Passes over the data that each out-of-fold model gets; more when the data is small."""
    action: Literal["keep", "flag", "drop", "relabel", "downweight"]
    """What happens to a suspected wrong label that nobody has reviewed. `keep` trains on it; `flag`
    too, but marks it in data/clean; `downweight` has it count as much as it is likely right."""
    remove_outliers: bool
    """Whether examples that are like no other are removed from training; they are listed anyway."""


class CleanParams(Kind):
    dataset: Name
    seed: Seed
    clean: Clean


def clean_params(modality: str, target: str) -> type[CleanParams]:
    """All that clean reads."""
    fields = modality_fields(modality, "label_check", "CleanFields")
    return with_fields(CleanParams, clean=[fields])
