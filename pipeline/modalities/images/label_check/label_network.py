"""The quick network of the label check, and how it is trained."""

import math

from pipeline.modalities.images.modules.whitened import WhitenedCNN
from pipeline.modalities.protocols.label_check import QuickRecipe

STEPS_PER_EPOCH = 15  # at least, down to batches of MIN_BATCH
MIN_BATCH, MAX_BATCH = 16, 1000
MIN_STEPS = 100  # of each network, however little data there is (docs/decisions/label-network.md)


class LabelNetwork(WhitenedCNN):
    """The network that the recipe, and how far its answers are trusted, were found with.

    One that classifies better does not rank labels better: with the residual, and the bias trained
    as there, average precision on CIFAR-10N falls from 0.737 to 0.729
    (docs/decisions/label-network.md).
    """

    NUM_RESIDUAL = 0
    BIAS_LEARNS_UNTIL = 1.0


def recipe(num_trained_on: int, epochs: int) -> QuickRecipe:
    """How each network is trained on so many images: for `epochs` passes, or more of few images."""
    batch_size = min(max(num_trained_on // STEPS_PER_EPOCH, MIN_BATCH), MAX_BATCH)
    epochs = max(epochs, math.ceil(MIN_STEPS / max(1, num_trained_on // batch_size)))
    return QuickRecipe(
        optimizer="muon",
        lr=0.24,
        batch_size=batch_size,
        epochs=epochs,
        schedule="linear",
        weight_decay=0.008,
    )
