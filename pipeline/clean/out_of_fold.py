"""Out of fold: what models say of examples that they have not seen, and how they see them."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray

from pipeline.dataset.columns import binary_column, numbers_of
from pipeline.dataset.randomness import id_keys, uniform
from pipeline.learning.batches import Examples, make_examples
from pipeline.learning.device import Device
from pipeline.learning.fitting.checkpoint import Checkpoint
from pipeline.learning.fitting.loop import fit
from pipeline.learning.fitting.recipe import Recipe
from pipeline.learning.inference import predict_and_embed
from pipeline.learning.metrics import fit_temperature, softmax
from pipeline.modalities.images.arrays import Images
from pipeline.modalities.images.encode.transforms.augment import augment
from pipeline.modalities.images.network.on_device import Normalizer
from pipeline.modalities.images.network.whitened import WhitenedCNN
from pipeline.modalities.images.prepare.measurements import ChannelSums
from pipeline.runtime.errors import BrokenDataset

VIEWS = 6  # versions of an image that a model is asked about: the original and augmented ones
STEPS_PER_EPOCH = 15  # at least, down to batches of MIN_BATCH
MIN_BATCH, MAX_BATCH = 16, 1000
MIN_STEPS = 100  # of each model, however little data there is (LOG.md)
TRUE_LABEL_TEMPERATURE = 0.35
"""What logits are divided by to be calibrated on the true labels, which nobody has: with label
smoothing of 0.2 the same value serves from no wrong label to 20 % of them (LOG.md)."""


NO_FOLD = -1  # of examples outside all folds, in a table
TEMPERATURE = b"temperature"  # in the metadata of a table


class LabelNetwork(WhitenedCNN):
    """The network that the recipe and TRUE_LABEL_TEMPERATURE were found with.

    One that classifies better does not rank labels better: with the residual, and the bias trained
    as there, average precision on CIFAR-10N falls from 0.737 to 0.729 (LOG.md).
    """

    NUM_RESIDUAL = 0
    BIAS_LEARNS_UNTIL = 1.0


@dataclass(frozen=True)
class OutOfFold:
    """What models say of N examples by those that have not seen them, and of M others by all."""

    folds: NDArray[np.int64]
    """The fold that each example was left out in, `(N,)`."""
    probabilities: NDArray[np.float64]
    """Calibrated on the given labels, `(N, K)`."""
    embeddings: NDArray[np.float16]
    """`(N, D)`; comparable within a fold alone, since each has a model of its own."""
    others: NDArray[np.float64]
    """Mean probabilities of all models, `(M, K)`."""
    others_embeddings: NDArray[np.float16]
    """By the model of the first fold, `(M, D)`."""
    temperature: float
    """What the logits were divided by (Guo et al. 2017, arXiv 1706.04599)."""

    def table(self) -> pa.Table:
        """All of it as a table, the N examples first; `OutOfFold.of` brings it back."""
        others = np.full(len(self.others), NO_FOLD)
        columns = {
            "fold": pa.array(np.concatenate([self.folds, others])),
            "probabilities": binary_column(np.concatenate([self.probabilities, self.others])),
            "embedding": binary_column(
                np.concatenate([self.embeddings, self.others_embeddings])
                if len(others)
                else self.embeddings
            ),
        }
        return pa.table(columns).replace_schema_metadata({TEMPERATURE: repr(self.temperature)})

    @classmethod
    def of(cls, table: pa.Table) -> "OutOfFold":
        folds = table["fold"].to_numpy()
        probabilities = numbers_of(table["probabilities"], np.dtype(np.float64))
        embeddings = numbers_of(table["embedding"], np.dtype(np.float16))
        inside = folds != NO_FOLD
        return cls(
            folds[inside],
            probabilities[inside],
            embeddings[inside],
            probabilities[~inside],
            embeddings[~inside],
            float(table.schema.metadata[TEMPERATURE]),
        )

    @property
    def trust(self) -> float:
        """Power of the probabilities that calibrates them on the true labels."""
        return self.temperature / TRUE_LABEL_TEMPERATURE


def make_recipe(num_trained_on: int, epochs: int, seed: int) -> Recipe:
    """How each model is trained on so many images: for `epochs` passes, or more of few images."""
    batch_size = min(max(num_trained_on // STEPS_PER_EPOCH, MIN_BATCH), MAX_BATCH)
    epochs = max(epochs, math.ceil(MIN_STEPS / max(1, num_trained_on // batch_size)))
    return Recipe(
        optimizer="muon",
        lr=0.24,
        batch_size=batch_size,
        epochs=epochs,
        schedule="linear",
        weight_decay=0.008,
        label_smoothing=0.2,
        patience=epochs,
        seed=seed,
        deterministic=True,  # its probabilities become part of the data
    )


def assign_folds(owners: Sequence[str], seed: int, num_folds: int) -> NDArray[np.int64]:
    """The fold of each example, by its group or id: groups never straddle folds."""
    return (uniform(id_keys(owners), seed, "fold") * num_folds).astype(np.int64)


def out_of_fold(
    images: Images,
    labels: NDArray[np.int64],
    keys: NDArray[np.uint64],
    folds: NDArray[np.int64],
    others: Images,
    *,
    num_classes: int,
    recipe: Recipe,
    transforms: Sequence[Any],
    device: Device,
    checkpoints: Path | None = None,
    checkpoint_key: str = "",
    on_step: Callable[[int], object] = lambda num_images: None,
) -> OutOfFold:
    """Train one model for each fold, on the rest, each epoch on newly augmented images.

    Args:
        images: uint8, shape `(N, H, W, C)`.
        labels: class indices, shape `(N,)`.
        keys: of the ids, shape `(N,)`; see `id_keys`.
        folds: which fold each example is left out in, shape `(N,)`.
        others: images outside all folds, `(M, H, W, C)`.
        transforms: what leaves an image's class as it is; see `augment`.
        checkpoints: a folder in which a run that is stopped leaves its state, to go on from there;
            `checkpoint_key` names all that the result depends on.
        on_step: hears of every batch trained on.
    """
    _, height, width, channels = images.shape
    present = np.unique(folds)
    if len(present) < 2:
        raise BrokenDataset(
            "all examples fall into one fold of the label check: they are of one group, or too few",
            fix="bring more groups, or set clean.folds: 0",
        )
    if len(folds) - np.bincount(folds).max() < 2:  # batch norm needs two
        raise BrokenDataset(
            "a fold of the label check leaves one example to train on: all others are of one "
            "group, or they are too few",
            fix="bring more groups, or set clean.folds: 0",
        )
    normalize = Normalizer(*ChannelSums.of(images).mean_std(), device.kind)
    other_keys = np.arange(len(others), dtype=np.uint64)
    logits = np.zeros((len(images), num_classes), np.float32)
    of_others = []
    embeddings = others_embeddings = np.zeros((0, 0), np.float16)

    def ask(network: WhitenedCNN, images: Images, keys: NDArray[np.uint64]) -> Any:
        """Mean logits over views of the images, and the embeddings of the originals."""
        total, embedded = predict_and_embed(network, torch.from_numpy(images), normalize, device)
        for copy in range(1, VIEWS if transforms else 1):
            view = augment(images, keys, copy, transforms=transforms, seed=recipe.seed)
            total += predict_and_embed(network, torch.from_numpy(view), normalize, device)[0]
        return total / (VIEWS if transforms else 1), embedded

    for number, fold in enumerate(present):
        seed = recipe.seed + int(fold)
        left_out = folds == fold
        rest = np.flatnonzero(~left_out)

        def epoch_of(epoch: int, rest: NDArray[np.int64] = rest, seed: int = seed) -> Examples:
            seen = augment(images[rest], keys[rest], epoch + 1, transforms=transforms, seed=seed)
            return make_examples(seen, labels[rest], np.ones(len(rest)))

        torch.manual_seed(seed)
        network = LabelNetwork(height, width, channels, num_classes)
        fit(
            network,
            replace(recipe, seed=seed),
            epoch_of,
            None,
            normalize,
            device,
            checkpoint=Checkpoint(checkpoints / str(fold), f"{checkpoint_key} {recipe} {fold}")
            if checkpoints
            else None,
            on_step=on_step,
        )
        answer, embedded = ask(network, images[left_out], keys[left_out])
        logits[left_out] = answer
        if not embeddings.size:
            embeddings = np.zeros((len(images), embedded.shape[1]), np.float16)
        embeddings[left_out] = embedded
        if len(others):
            answer, embedded = ask(network, others, other_keys)
            of_others.append(answer)
            others_embeddings = embedded if number == 0 else others_embeddings
    temperature = fit_temperature(logits, labels)
    return OutOfFold(
        folds,
        softmax(logits / temperature),
        embeddings,
        np.mean([softmax(answer / temperature) for answer in of_others], axis=0)
        if of_others
        else np.zeros((0, num_classes)),
        others_embeddings,
        temperature,
    )
