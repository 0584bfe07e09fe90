"""What params.yaml and a catalog entry say of images as they come from a source."""

from typing import Annotated

from pydantic import Field

from pipeline.runtime.settings import Settings

Side = Annotated[int, Field(ge=1)]


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
