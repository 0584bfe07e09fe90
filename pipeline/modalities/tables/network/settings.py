"""Keys of params.yaml for networks for tables."""

from typing import Literal

from pipeline.runtime.settings import Settings


class NetworkFields(Settings):
    """Added to the top of params.yaml."""

    model: Literal["linear", "mlp", "tabm", "trees", "auto"]
    """`auto` trains all but `mlp`: the best on validation becomes the model, or `linear` where that
    is hardly worse."""
