"""Entries and sources of images of classes, as params.yaml has them."""

from pipeline.entry import entry_type
from pipeline.ingest.sources import opening
from pipeline.modalities.opening import open_prepare
from pipeline.runtime.settings import Kind
from pipeline.sources.source import Source, example_schema
from pipeline.targets.opening import open_labels

KIND = Kind(modality="images", target="classes")
PREPARE, LABELS = open_prepare(KIND.modality), open_labels(KIND.target)
EXAMPLE_SCHEMA = example_schema("image")
Entry = entry_type(KIND.modality, KIND.target)
Columns = Entry.model_fields["columns"].annotation


def open_source(entry: Entry, max_bytes: float = float("inf")) -> Source:
    return opening.open_source(entry, PREPARE, LABELS, max_bytes)
