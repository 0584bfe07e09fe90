"""What params.yaml says of texts that are evaluated with mistakes in them."""

from typing import Annotated

from pydantic import Field

from pipeline.runtime.settings import Settings


class EvaluateFields(Settings):
    """Added to `evaluate`."""

    corrupted_examples: Annotated[int, Field(ge=0)] = 1000
    """How many test examples are evaluated with typing mistakes and the like too; 0 for none."""
