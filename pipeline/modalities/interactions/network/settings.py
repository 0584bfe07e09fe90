"""What params.yaml says of networks for interactions."""

from typing import Annotated, Literal

from pydantic import Field

from pipeline.runtime.settings import Settings


class NetworkFields(Settings):
    """Added to the top of params.yaml."""

    model: Literal["popularity", "ease", "als", "sasrec"]
    """`ease` for up to some 20,000 items, `als` beyond; `sasrec` learns from the order of
    events."""


class TrainFields(Settings):
    """Added to `train`."""

    factors: Annotated[int, Field(ge=1, le=1024)] = 64
    """Numbers by which `als` and `sasrec` describe an item, the latter by an even number."""
