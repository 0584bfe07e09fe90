"""Out-of-fold probabilities: what models say of examples that they have not seen."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray

from pipeline.dataset.measurements import ChannelSums
from pipeline.dataset.randomness import id_keys, uniform
from pipeline.learning.batches import Examples, Normalizer, make_examples
from pipeline.learning.device import Device
from pipeline.learning.inference import predict
from pipeline.learning.loop import Recipe, fit
from pipeline.learning.metrics import softmax
from pipeline.learning.networks import build_network
from pipeline.runtime.errors import BrokenDataset


def assign_folds(owners: Sequence[str], seed: int, num_folds: int) -> NDArray[np.int64]:
    """The fold of each example, by its group or id: groups never straddle folds."""
    return (uniform(id_keys(owners), seed, "fold") * num_folds).astype(np.int64)


def out_of_fold_probabilities(
    images: NDArray[np.uint8],
    labels: NDArray[np.int64],
    folds: NDArray[np.int64],
    others: NDArray[np.uint8],
    *,
    model: str,
    num_classes: int,
    recipe: Recipe,
    device: Device,
    on_step: Callable[[int], object],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Train one model for each fold, on the rest.

    Args:
        images: uint8, shape `(N, H, W, C)`.
        labels: class indices, shape `(N,)`.
        folds: which fold each example is left out in, shape `(N,)`.
        others: images outside all folds, `(M, H, W, C)`.
        on_step: hears of every batch trained on.

    Returns:
        Probabilities `(N, K)` of the left-out examples, and `(M, K)` of the others, there the
        mean of all models.
    """
    probabilities = np.zeros((len(images), num_classes))
    of_others = np.zeros((len(others), num_classes))
    present = np.unique(folds)
    if len(present) < 2:
        raise BrokenDataset(
            "all examples fall into one fold of the label check: they are of one group, or too few",
            fix="bring more groups, or set clean.folds: 0",
        )
    normalize = Normalizer(*ChannelSums.of(images).mean_std(), device)
    for fold in present:
        left_out = folds == fold
        kept = make_examples(images[~left_out], labels[~left_out], np.ones((~left_out).sum()))
        torch.manual_seed(recipe.seed + int(fold))
        network = build_network(model, images.shape[1:], num_classes)
        fit(
            network,
            replace(recipe, seed=recipe.seed + int(fold)),
            partial(_every_epoch, kept),
            None,
            normalize,
            device,
            on_step=on_step,
        )
        said = predict(network, torch.from_numpy(images[left_out]), normalize, device)
        probabilities[left_out] = softmax(said)
        if len(others):
            said = predict(network, torch.from_numpy(others), normalize, device)
            of_others += softmax(said) / len(present)
    return probabilities, of_others


def _every_epoch(examples: Examples, epoch: int) -> Examples:
    return examples
