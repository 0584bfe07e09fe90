"""What a target has for evaluate, compare, report: metrics, tables and pictures."""

from typing import Protocol


class Judging(Protocol):
    """The names of `targets/<name>/judging/interface.py`."""
