"""Keys of params.yaml on the number of examples of a class."""

from typing import Annotated

from pydantic import Field

from pipeline.runtime.settings import Settings


class ValidateFields(Settings):
    """Added to `validate`."""

    min_examples_per_class: Annotated[int, Field(ge=1)]
    """Fewer training examples of a class than this are a warning."""
