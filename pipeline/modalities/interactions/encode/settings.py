"""What params.yaml says of how events are encoded."""

from typing import Annotated

from pydantic import Field

from pipeline.runtime.settings import Settings


class AugmentFields(Settings):
    """Added to `augment`."""

    history: Annotated[int, Field(ge=1, le=2000)] = 50
    """How many items a request may have beside what the model knows of its user; the latest count.
    Where the data have longer ones, as many as they have, up to 2,000."""
