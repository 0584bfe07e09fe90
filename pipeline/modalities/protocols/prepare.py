"""What a modality has for ingest, add: from a source's content to an example of data/raw."""

from typing import Protocol


class Prepare(Protocol):
    """The names of `modalities/<name>/prepare/interface.py`."""
