"""What params.yaml says of networks for texts."""

from typing import Literal

from pipeline.runtime.settings import Settings


class NetworkFields(Settings):
    """Added to the top of params.yaml."""

    model: Literal["linear", "ngrams", "transformer", "auto"]
    """`transformer` starts from an encoder that `train.weights` names. `auto` trains linear and
    ngrams: the best on validation becomes the model, or `linear` where that is hardly worse."""
