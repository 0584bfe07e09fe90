"""Manifests: a CSV, JSON Lines or Parquet table that names each image and its label."""

from pipeline.dataset.catalog import Entry
from pipeline.dataset.sources import Source
from pipeline.dataset.sources.trees import Files


def recognises(files: Files, entry: Entry) -> bool:
    return False


def open_source(entry: Entry, files: Files, max_bytes: float) -> Source:
    raise NotImplementedError
