from pipeline.runtime.settings import Settings


class IngestFields(Settings):
    max_numbers: int = 1000


class ColumnFields(Settings):
    series: str | None = None
