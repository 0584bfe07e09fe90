from pydantic import Field

from pipeline.runtime.settings import Settings


class IngestFields(Settings):
    max_numbers: int = Field(1000, ge=1)


class ColumnFields(Settings):
    series: str | None = None


class EntryFields(Settings):
    pass
