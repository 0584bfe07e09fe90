"""What params.yaml says of events that are evaluated as if less were known."""

from typing import Annotated

from pydantic import Field

from pipeline.runtime.settings import Settings


class EvaluateFields(Settings):
    """Added to `evaluate`."""

    corrupted_examples: Annotated[int, Field(ge=0)] = 1000
    """How many test events are evaluated too as if their users were not known; 0 for none."""
