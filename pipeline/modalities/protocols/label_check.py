"""What a modality has for clean: the quick network of the label check, and what it sees."""

from typing import Protocol


class LabelCheck(Protocol):
    """The names of `modalities/<name>/label_check/interface.py`."""
