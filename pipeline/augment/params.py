"""What params.yaml says to augment; the modality and the target add to it."""

from typing import Annotated, Literal

from pydantic import Field

from pipeline.modalities.opening import modality_fields
from pipeline.runtime.settings import Kind, Seed, Settings, with_fields
from pipeline.targets.opening import target_fields


class Augment(Settings):
    copies: Annotated[int, Field(ge=1, le=1000)]
    """Versions of each training example in the shards; the first is the original."""
    shard_mb: Annotated[float, Field(gt=0)]
    """Usual size of a shard in megabytes of input columns; most have two to four thirds of it. A
    shard of small examples has about 50,000 of them, whatever it says."""
    engine: Literal["local", "ray"]
    """Who makes the shards: processes of this machine, or a Ray cluster (RAY_ADDRESS names it). The
    bytes are the same."""


class AugmentParams(Kind):
    seed: Seed
    augment: Augment


def augment_params(modality: str, target: str) -> type[AugmentParams]:
    """All that augment reads."""
    content = modality_fields(modality, "encode", "AugmentFields")
    labels = target_fields(target, "labels", "AugmentFields")
    return with_fields(AugmentParams, augment=(content, labels))
