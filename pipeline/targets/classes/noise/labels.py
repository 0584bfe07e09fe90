"""Infers true labels from out-of-fold probabilities and from one or several annotators.

Each annotator has a confusion matrix, and the out-of-fold probabilities are the prior of each
example: Dawid & Skene 1979 with a model in it (Raykar et al. 2010, "Learning from crowds"). A
dataset with one label for each example is the case of one annotator.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.dataset.annotations import Annotations, Codes, with_given_labels
from pipeline.dataset.arrays import Float64
from pipeline.targets.protocols.noise import Reliability

START_LOG_ODDS = 1.0
"""Initial log-odds of the labelled class. Without it, and without a model, EM could never leave the
uniform posterior."""

MAX_ROUNDS = 50
CONVERGED = 1e-4  # change of the mean log-likelihood, in nats
PSEUDO_LABELS = 10.0  # labels of the pooled matrix, for each class, added to those of an annotator
MAX_CELLS = 50_000_000  # with more, annotators share one matrix


@dataclass(frozen=True)
class TrueLabels:
    """The inferred classes of N examples, out of K."""

    posterior: Float64
    """Probability of each class, `(N, K)`."""
    confusion: Float64
    """Confusion pooled over annotators, `(K, K)`: row the true class, column the given one, rows
    sum to one."""
    accuracy: Float64
    """Estimated share of right labels of each annotator, `(A,)`."""


def infer_true_labels(
    probabilities: Float64, rows: Codes, annotators: Codes, labels: Codes, trust: float = 1.0
) -> TrueLabels:
    """Expectation maximisation over annotators' confusion matrices.

    Args:
        probabilities: by models that have not seen the example, `(N, K)`; uniform without a model,
            which is Dawid & Skene's method.
        rows: the example of each label, `(M,)`, from 0 to N - 1.
        annotators: the annotator of each label, `(M,)`, numbered from 0.
        labels: class indices, `(M,)`.
        trust: power to which the probabilities are raised. Calibrated on noisy labels, they are too
            low for the true ones.

    Raises:
        ValueError: probabilities that are not finite.
    """
    if not np.isfinite(probabilities).all():
        raise ValueError("out-of-fold probabilities are not finite")
    num, num_classes = probabilities.shape
    num_annotators = int(annotators.max(initial=0)) + 1
    if num_annotators * num_classes**2 > MAX_CELLS:
        who, num_matrices = np.zeros_like(annotators), 1
    else:
        who, num_matrices = annotators, num_annotators
    cells = who * num_classes + labels
    # Class first, (K, N): each class is then contiguous in memory.
    log_prior = trust * np.log(np.ascontiguousarray(probabilities.T).clip(1e-9))
    log_priors = _normalise(log_prior.copy())
    votes = np.bincount(labels * num + rows, minlength=log_prior.size)
    posterior = log_prior + START_LOG_ODDS * votes.reshape(log_prior.shape)
    _normalise(posterior)
    likelihood = -np.inf
    for _ in range(MAX_ROUNDS):
        counts = np.empty((num_matrices, num_classes, num_classes))  # annotator, given, true
        for k in range(num_classes):
            of_k = np.bincount(cells, posterior[k, rows], num_matrices * num_classes)
            counts[:, :, k] = of_k.reshape(num_matrices, num_classes)
        pooled = counts.sum(0) + 1 / num_classes
        pooled /= pooled.sum(0)
        confusions = counts + PSEUDO_LABELS * pooled
        confusions /= confusions.sum(1, keepdims=True)
        log_confusions = np.log(confusions).reshape(-1, num_classes)
        for k in range(num_classes):
            evidence = np.bincount(rows, log_confusions[cells, k], num)
            np.add(log_prior[k], evidence, out=posterior[k])
        log_totals = _normalise(posterior)
        before, likelihood = likelihood, float((log_totals - log_priors).mean())
        if likelihood - before < CONVERGED:
            break
    right = np.bincount(annotators, posterior[labels, rows], num_annotators)
    given = np.bincount(annotators, minlength=num_annotators)
    return TrueLabels(posterior.T.copy(), pooled.T, right / given.clip(1))


def _normalise(log_values: Float64) -> Float64:
    """Make probabilities of the columns, in place; returns the logarithms of their sums."""
    most = log_values.max(0)
    log_values -= most
    np.exp(log_values, out=log_values)
    total = log_values.sum(0)
    log_values /= total
    logs: Float64 = np.log(total) + most
    return logs


@dataclass(frozen=True)
class LabelCheck:
    """Results of the label check, for each of N examples."""

    quality: NDArray[np.float64]
    """Probability that the given label is right: 0 surely wrong, 1 surely right."""
    is_issue: NDArray[np.bool_]
    """Whether it is suspected; see protocols/noise.py."""
    proposed: NDArray[np.int64]
    """Index of the most probable class."""
    noise_rate: float | None
    """Estimated share of wrong labels, 0 to 1; None if it cannot be estimated."""
    noise: NDArray[np.float64]
    """Estimated probability of each given class, `(K, K)`: row the true class, column the given."""
    posterior: NDArray[np.float64]
    """Probability of each class, `(N, K)`."""
    confirmed: NDArray[np.bool_] | None = None
    """Whether suspicion is certain enough to act on; None if it always is."""
    reliability: Reliability | None = None

    @property
    def is_sure(self) -> NDArray[np.bool_]:
        """Whether it is suspected with enough certainty to act on."""
        return self.is_issue if self.confirmed is None else self.is_issue & self.confirmed

    @property
    def confidence(self) -> NDArray[np.float64]:
        """Probability of the proposed class."""
        confidence: NDArray[np.float64] = self.posterior[
            np.arange(len(self.proposed)), self.proposed
        ]
        return confidence


def check_labels(
    given: NDArray[np.int64],
    probabilities: NDArray[np.float64],
    annotations: Annotations | None = None,
    trust: float = 1.0,
) -> LabelCheck:
    """Estimate the probability that each label is right.

    Args:
        given: class indices, shape `(N,)`.
        probabilities: shape `(N, K)`, of models that have not seen the example.
        annotations: labels by several people; an example without any has its given label as
            evidence.
        trust: see `infer_true_labels`.

    Raises:
        ValueError: probabilities that are not finite.
    """
    annotations = with_given_labels(annotations, given)
    found = infer_true_labels(
        probabilities, annotations.rows, annotations.annotators, annotations.labels, trust
    )
    quality = found.posterior[np.arange(len(given)), given]
    return LabelCheck(
        quality=quality,
        is_issue=quality < 0.5,
        proposed=found.posterior.argmax(1),
        noise_rate=float(1 - quality.mean()) if len(given) else 0.0,
        noise=found.confusion,
        posterior=found.posterior,
    )
