"""What a modality has for describe, report, review: examples as HTML and as pictures, and words."""

from typing import Protocol


class Show(Protocol):
    """The names of `modalities/<name>/show/interface.py`."""
