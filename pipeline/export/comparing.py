"""Compares the answers of a graph with those of the network. An export may be wrong without any
error (pytorch/pytorch issues 166797 and 169178), so only answers tell."""

from typing import NamedTuple

import numpy as np

from pipeline.dataset.arrays import Float32
from pipeline.runtime.errors import ExportError
from pipeline.targets.protocols.judging import Judging

MAX_CHANGE = 1e-4
"""Limit for an answer: a probability, or a number in standard deviations."""
MAX_EMBEDDING_CHANGE = 1e-3
"""Limit for a value of an embedding, as a share of the largest."""
NEAR = 0.1
"""Standard deviations within which two numbers count as the same answer."""


class Agreement(NamedTuple):
    """The agreement of a graph's answers with the network's, on N examples."""

    change: float
    """The largest change of any answer."""
    same: float
    """The share of examples with the same answer: the greatest output, or nearly the number."""


class Figures(NamedTuple):
    """Figures of the network and the graph on validation."""

    name: str
    """`val_accuracy`, `val_mae`."""
    network: float
    served: float
    more_is_better: bool


def agreement(judging: Judging, outputs: Float32, served: Float32) -> Agreement:
    """Compare outputs `(N, K)` of the network with those of a graph."""
    one, other = judging.probabilities(outputs), judging.probabilities(served)
    changes = np.abs(one - other)
    has_several = one.shape[1] > 1
    same = one.argmax(1) == other.argmax(1) if has_several else changes[:, 0] <= NEAR
    change = float(changes.max(initial=0))
    return Agreement(change, float(same.mean()))


def refuse_other_answers(agreed: Agreement, num: int) -> None:
    """Raises ExportError where an answer differs by more than rounding."""
    if not agreed.change <= MAX_CHANGE:
        raise ExportError(
            f"the ONNX graph does not answer as the network does: on {num} validation examples an "
            f"answer differs by {agreed.change:.3g}, at most {MAX_CHANGE:g} is rounding; "
            f"{agreed.same:.2%} of the answers are the same",
            fix="set model to another network; this one is exported wrongly by the installed torch "
            "and onnxscript",
        )


def refuse_other_embeddings(embeddings: Float32, served: Float32) -> None:
    """Raises ExportError where an embedding, `(N, D)`, differs by more than rounding."""
    change = float(np.abs(embeddings - served).max(initial=0))
    largest = float(np.abs(embeddings).max(initial=0))
    if not change <= MAX_EMBEDDING_CHANGE * largest:
        raise ExportError(
            f"the ONNX graph does not embed as the network does: a value differs by {change:.3g}, "
            f"where the largest is {largest:.3g}",
            fix="set model to another network; this one is exported wrongly by the installed torch "
            "and onnxscript",
        )


def refuse_less_accurate(figures: Figures, most: float) -> None:
    """Raises ExportError if the graph is worse by more than `most`; for an error, by that share."""
    if figures.more_is_better:
        drop = figures.network - figures.served
    else:
        drop = figures.served / max(figures.network, 1e-12) - 1
    if not drop <= most:  # or if it is NaN
        raise ExportError(
            f"the served graph is less accurate than the network: {figures.name} "
            f"{figures.served:.4f}, the network's is {figures.network:.4f}; "
            f"export.max_accuracy_drop is {most:g}",
            fix="set export.precision: fp32, or a larger export.max_accuracy_drop",
        )
