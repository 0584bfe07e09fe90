"""Checks the value of `train.weights`."""

from collections.abc import Callable
from pathlib import PurePosixPath


def starts_from(*publishers: str) -> Callable[[str], str]:
    """Make a check that a value is `none`, one of `publishers`, or a path below models/start."""
    names = ("none", *publishers)

    def check(value: str) -> str:
        parts = PurePosixPath(value).parts
        below = parts[:2] == ("models", "start") and len(parts) > 2 and ".." not in parts
        if value not in names and not below:
            raise ValueError(f"{', '.join(names)} or a path below models/start")
        return value

    return check
