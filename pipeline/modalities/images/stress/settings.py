"""Keys that images add to `evaluate` in params.yaml."""

from typing import Annotated

from pydantic import Field

from pipeline.runtime.settings import Settings


class EvaluateFields(Settings):
    """Added to `evaluate`."""

    corrupted_examples: Annotated[int, Field(ge=0)]
    """Test images that are evaluated with corruptions too (noise, blur …), 21 times each; 0 leaves
    that out."""
