"""What params.yaml says to ingest."""

from typing import Annotated

from pydantic import Field

from pipeline.runtime.settings import Name, Seed, Settings


class Ingest(Settings):
    max_megapixels: Annotated[float, Field(gt=0)]
    """An image larger than this is quarantined before it is decoded (decompression bombs)."""
    max_file_mb: Annotated[float, Field(gt=0)]
    """An encoded image of more megabytes than this is quarantined before it is read."""
    purpose: Name
    """What this run is for; examples that may not be used for it are left out and counted."""
    pseudonymise: bool
    """Replace ids and groups by a keyed hash, whose key stays outside git."""


class IngestParams(Settings):
    dataset: Name
    """Names data/catalog/<dataset>.yaml."""
    seed: Seed
    ingest: Ingest
