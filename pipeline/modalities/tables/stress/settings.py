"""Keys that tables add to `evaluate` in params.yaml."""

from typing import Annotated

from pydantic import Field

from pipeline.runtime.settings import Settings


class EvaluateFields(Settings):
    """Added to `evaluate`."""

    corrupted_examples: Annotated[int, Field(ge=0)] = 1000
    """How many test examples are evaluated with missing or shuffled values too; 0 for none."""
