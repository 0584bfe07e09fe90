"""Examples that people collected from what a model served, beside those of the source.

They are in data/collected/<dataset>.parquet, as `groundwork collect --take` writes it: with labels,
licences and purposes. Where an example is an event, whose meaning depends on all others, the source
reads them with its own.
"""

from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.dataset.catalog import Entry
from pipeline.dataset.places import collected_file
from pipeline.dataset.table import file_sha256
from pipeline.ingest.sources.opening import open_source
from pipeline.modalities.protocols.prepare import Prepare, content_column, of_events
from pipeline.runtime.errors import SourceError
from pipeline.sources.source import EXAMPLES_PER_BATCH, Source, example_schema
from pipeline.targets.protocols.labels import Labels


@dataclass(frozen=True)
class CollectedBatch:
    """Some rows of the file."""

    path: Path
    start: int
    content: str
    split: str | None
    sha256: str

    def __call__(self) -> pa.Table:
        table = pq.read_table(self.path, page_checksum_verification=True)
        table = table.slice(self.start, EXAMPLES_PER_BATCH)
        splits = pa.array([self.split] * table.num_rows, pa.string())
        return table.set_column(table.schema.get_field_index("split"), "split", splits)

    def stamp(self, settled_before: int) -> str:
        """Changes when the table does."""
        return f"{self.sha256} {self.start} {self.split}"


def open_with_collected(
    entry: Entry, dataset: str, prepare: Prepare, labels: Labels, max_bytes: float
) -> Source:
    """Open the source of an entry, with what was collected.

    Raises:
        SettingsError, SourceError: see `open_source` and `with_collected`.
    """
    content = content_column(prepare)
    if of_events(prepare) is None:
        return with_collected(open_source(entry, prepare, labels, max_bytes), dataset, content)
    path, collected = collected_file(dataset), None
    if check(path, content):
        try:
            collected = pq.read_table(path, page_checksum_verification=True)
        except (OSError, pa.ArrowException) as error:
            raise unreadable(path, error) from None
    return open_source(entry, prepare, labels, max_bytes, collected)


def with_collected(source: Source, dataset: str, content: str) -> Source:
    """The source with what was collected, where there is something.

    Where the source tells splits apart, they are of train; else they are drawn as others are.

    Raises:
        SourceError: the file is not as it was written.
    """
    path = collected_file(dataset)
    if not path.is_file():
        return source
    num = check(path, content)
    split = "train" if "train" in source.splits else None
    digest = file_sha256(path)
    batches = (
        CollectedBatch(path, start, content, split, digest)
        for start in range(0, num, EXAMPLES_PER_BATCH)
    )
    return source._replace(
        num_examples=source.num_examples + num,
        batches=chain(source.batches, batches),
        notes=(*source.notes, f"{num} examples are of {path}"),
    )


def check(path: Path, content: str) -> int:
    """The number of examples in a file that `groundwork collect --take` wrote; 0 without one.

    Raises:
        SourceError: it is not as it was written.
    """
    if not path.is_file():
        return 0
    try:
        with pq.ParquetFile(path) as file:
            num, schema = file.metadata.num_rows, file.schema_arrow
    except (OSError, pa.ArrowException) as error:
        raise unreadable(path, error) from None
    if not schema.equals(example_schema(content)):
        raise SourceError(
            f"{path} has other columns than collect writes", fix="groundwork collect --take again"
        )
    return int(num)


def unreadable(path: Path, error: Exception) -> SourceError:
    return SourceError(f"{path} cannot be read: {error}", fix=f"dvc checkout {path}")
