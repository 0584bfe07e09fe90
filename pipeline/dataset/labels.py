"""How likely each label is right, by what models and people say of its example."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.dataset.annotations import Annotations, with_given_labels
from pipeline.dataset.label_noise import infer_true_labels


@dataclass(frozen=True)
class LabelCheck:
    """What the label check found, row by row of N examples."""

    quality: NDArray[np.float64]
    """Probability that the given label is right: 0 surely wrong, 1 surely right."""
    is_issue: NDArray[np.bool_]
    """Where it is rather wrong than right."""
    proposed: NDArray[np.int64]
    """Index of the most probable class."""
    noise_rate: float
    """Estimated share of wrong labels, 0 to 1."""
    noise: NDArray[np.float64]
    """Estimated probability of each given class, `(K, K)`: row the true class, column the given."""
    posterior: NDArray[np.float64]
    """Probability of each class, `(N, K)`."""


def check_labels(
    given: NDArray[np.int64],
    probabilities: NDArray[np.float64],
    annotations: Annotations | None = None,
    trust: float = 1.0,
) -> LabelCheck:
    """How probable it is that each label is right.

    Args:
        given: class indices, shape `(N,)`.
        probabilities: shape `(N, K)`, of models that have not seen the example.
        annotations: what several people said; an example that they did not look at has its
            given label for evidence.
        trust: in the probabilities; see `infer_true_labels`.

    Raises:
        ValueError: probabilities that are not finite.
    """
    said = with_given_labels(annotations, given)
    found = infer_true_labels(probabilities, said.rows, said.annotators, said.labels, trust)
    quality = found.posterior[np.arange(len(given)), given]
    return LabelCheck(
        quality=quality,
        is_issue=quality < 0.5,
        proposed=found.posterior.argmax(1),
        noise_rate=float(1 - quality.mean()) if len(given) else 0.0,
        noise=found.confusion,
        posterior=found.posterior,
    )
