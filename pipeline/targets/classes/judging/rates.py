"""Rates of classes by which slices are compared."""

import numpy as np

from pipeline.dataset.arrays import Float64
from pipeline.targets.classes.measures.metrics import Labels
from pipeline.targets.gaps import Rate

MAX_CLASSES = 10


def rates(names: list[str], probabilities: Float64, labels: Labels) -> list[Rate]:
    """Accuracy, calibration and, for each class, its sensitivity and how often it is predicted.

    `overconfidence` is confidence less accuracy: 0 if a slice is calibrated. Equal opportunity is
    the gap of a sensitivity, demographic parity that of how often a class is predicted.
    """
    predicted, confidence = probabilities.argmax(1), probabilities.max(1)
    right = (predicted == labels).astype(np.float64)
    everyone = np.ones(len(labels), bool)
    found = [
        Rate("accuracy", right, everyone),
        Rate("overconfidence", confidence - right, everyone),
    ]
    for code, name in list(enumerate(names))[:MAX_CLASSES]:
        is_predicted = (predicted == code).astype(np.float64)
        found.append(Rate(f"sensitivity to {name}", is_predicted, labels == code))
        found.append(Rate(f"says {name}", is_predicted, everyone))
    return found
