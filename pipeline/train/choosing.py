"""Which of several networks becomes the model."""

from collections.abc import Mapping

import numpy as np

from pipeline.dataset.arrays import Float64


def choose(losses: Mapping[str, Float64]) -> str:
    """The name of the network with the least mean loss, but the first where it is hardly worse.

    The first is the plainest. Another takes its place only where the mean difference is more than
    its standard error: on few validation examples the best of several is often so by luck (the
    rule of one standard error, Breiman, Friedman, Olshen & Stone 1984).

    Args:
        losses: of the validation examples by the name of each network, `(N,)`.
    """
    first, *_ = losses
    best = min(losses, key=lambda name: float(losses[name].mean()))
    difference = losses[first] - losses[best]
    error = float(difference.std()) / np.sqrt(len(difference))
    return best if float(difference.mean()) > error else first
