"""What a target has for validate: what is expected of labels, and what a profile says of them."""

from typing import Protocol


class Rules(Protocol):
    """The names of `targets/<name>/rules/interface.py`."""
