"""Keys that images add to `ingest` in params.yaml and to catalog entries."""

import math
from typing import Annotated

from pydantic import Field, field_validator

from pipeline.runtime.settings import Settings

Side = Annotated[int, Field(ge=1)]
Deep = Annotated[int, Field(ge=0, le=65535)]


class IngestFields(Settings):
    """Added to `ingest`."""

    max_megapixels: Annotated[float, Field(gt=0)]
    """An image larger than this is quarantined before it is decoded (decompression bombs)."""


class ColumnFields(Settings):
    """Added to `columns` of an entry."""

    image: Annotated[str, Field(min_length=1)] | None = None
    """Paths, URLs or encoded bytes of the images."""


class EntryFields(Settings):
    """Added to an entry."""

    image_size: Annotated[
        list[Side] | None, Field(min_length=2, max_length=2, examples=[[64, 64]])
    ] = None
    """Height and width of a training image in pixels; from the data when uniform."""
    range_16bit: Annotated[list[Deep], Field(min_length=2, max_length=2)] | None = None
    """Values of grey of 16 bits a pixel that become 0 and 255; 0 and 65535 when not given."""

    @property
    def input_bytes(self) -> int | None:
        """Bytes of an image in grey; see Entry.input_bytes."""
        return None if self.image_size is None else math.prod(self.image_size)

    @field_validator("range_16bit")
    @classmethod
    def _rises(cls, value: list[int] | None) -> list[int] | None:
        if value is not None and value[0] >= value[1]:
            raise ValueError("[lowest, highest], the first the smaller one")
        return value
