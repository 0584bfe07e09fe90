"""What a target has for clean: how likely each label is right, and what people should look at."""

from typing import Protocol


class Noise(Protocol):
    """The names of `targets/<name>/noise/interface.py`."""
