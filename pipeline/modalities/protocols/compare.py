"""What a modality has for validate, clean: rules, features and near duplicates of examples."""

from typing import Protocol


class Compare(Protocol):
    """The names of `modalities/<name>/compare/interface.py`."""
