"""Keys of params.yaml for the loss."""

from typing import Annotated

from pydantic import Field

from pipeline.runtime.settings import Settings


class TrainFields(Settings):
    """Added to `train`."""

    label_smoothing: Annotated[float, Field(ge=0, lt=1)]
    """The share of the loss that all other classes have part in."""
