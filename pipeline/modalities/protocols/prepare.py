"""What a modality has for ingest, add: from a source's content to an example of data/raw."""

from collections.abc import Mapping
from typing import Any, Protocol


class Prepare(Protocol):
    """The names of `modalities/<name>/prepare/interface.py`."""

    def trace(self, content: Mapping[str, Any]) -> bytes:
        """Bytes that are in every file with this content, as data/raw has it, and in no other.

        Empty where there are none, such as for null; see dataset/traces.py.
        """
        ...
