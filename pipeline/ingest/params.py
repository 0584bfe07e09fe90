"""What params.yaml says to ingest; the modality adds to it."""

from typing import Annotated

from pydantic import Field

from pipeline.modalities.opening import modality_fields
from pipeline.runtime.settings import Kind, Name, Seed, Settings, with_fields


class Ingest(Settings):
    max_file_mb: Annotated[float, Field(gt=0)]
    """An example of more megabytes than this is quarantined before it is read."""
    purpose: Name
    """What this run is for; examples that may not be used for it are left out and counted."""
    pseudonymise: bool
    """Replace ids and groups by a keyed hash, whose key stays outside git."""


class IngestParams(Kind):
    dataset: Name
    """Names data/catalog/<dataset>.yaml."""
    seed: Seed
    ingest: Ingest


def ingest_params(modality: str, target: str) -> type[IngestParams]:
    """All that ingest reads."""
    fields = modality_fields(modality, "prepare", "IngestFields")
    return with_fields(IngestParams, ingest=[fields])
