"""Keys of params.yaml for the loss."""

from typing import Annotated, Literal

from pydantic import Field

from pipeline.runtime.settings import Settings


class TrainFields(Settings):
    """Added to `train`."""

    loss: Literal["squared", "absolute", "quantile", "qlike"]
    """What errors cost, in units of y (augment.target_scale): `squared` estimates means, `absolute`
    medians, `quantile` the quantile below; `qlike` is for variances on a logarithmic scale
    (Patton 2011), and asks for augment.target_scale: log."""
    quantile: Annotated[float, Field(gt=0, lt=1)]
    """The share of numbers that should lie below the estimate, with `quantile`."""
