"""Chooses the model among several networks; see docs/decisions/tables-choosing.md."""

from collections.abc import Mapping

import numpy as np

from pipeline.dataset.arrays import Float64


def choose(losses: Mapping[str, Float64]) -> str:
    """Choose the network of least mean loss, or the first if it is hardly worse.

    The first is the simplest. Another replaces it only if the mean difference is more than its
    standard error: on few validation examples the best of several is often so by luck (the rule
    of one standard error, Breiman, Friedman, Olshen & Stone 1984).

    Args:
        losses: losses of the validation examples by network, `(N,)`.
    """
    first, best, gain, error = _compare(losses)
    return best if gain > error else first


def why(losses: Mapping[str, Float64]) -> str:
    """One line for people: the choice, the mean losses, and why it is not the least."""
    first, best, gain, error = _compare(losses)
    means = ", ".join(f"{name} {each.mean():.4f}" for name, each in losses.items())
    text = f"{choose(losses)} is chosen on validation, by the losses {means}"
    if best == first:
        return text
    how = "more than" if gain > error else "no more than"
    stays = "" if gain > error else ", and the plainest stays unless another is better by more"
    return f"{text}: {best} is better by {gain:.4f}, {how} its standard error {error:.4f}{stays}"


def _compare(losses: Mapping[str, Float64]) -> tuple[str, str, float, float]:
    """The first, the best, the difference of their means, and its standard error."""
    first, *_ = losses
    best = min(losses, key=lambda name: float(losses[name].mean()))
    difference = losses[first] - losses[best]
    error = float(difference.std()) / np.sqrt(len(difference))
    return first, best, float(difference.mean()), float(error)
