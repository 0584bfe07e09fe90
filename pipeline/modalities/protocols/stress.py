"""What a modality has for evaluate: slices by measurements, and corruptions of examples."""

from typing import Protocol


class Stress(Protocol):
    """The names of `modalities/<name>/stress/interface.py`."""
