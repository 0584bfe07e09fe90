"""Marks of tests."""

from typing import Any

import pytest


def slow(*values: Any) -> Any:
    """A set of parameters whose test is slow."""
    return pytest.param(*values, marks=pytest.mark.slow)
