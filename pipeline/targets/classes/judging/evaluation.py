"""How good a model is on the test split, where it is weak, and how sure that is."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.dataset.arrays import Float64
from pipeline.evaluate.intervals import Interval, metric_intervals
from pipeline.evaluate.robustness import Corrupted, choose, mean_accuracy, robustness
from pipeline.evaluate.slices import MIN_EXAMPLES, Accuracy, Slice, accuracy_of, owners_of, slices
from pipeline.learning.metrics import Labels, fit_temperature, softmax
from pipeline.modalities.images.arrays import Images

LogitsOf = Callable[[Images], NDArray[np.float32]]
"""Logits `(N, K)` for images `(N, H, W, C)`."""


@dataclass(frozen=True)
class TestSplit:
    """N test examples with their labels, groups, measurements and findings."""

    ids: list[str]
    images: Images
    labels: Labels
    groups: list[str | None]
    measurements: Mapping[str, NDArray[np.floating]]
    """Each `(N,)`; see `slices`."""
    suspected: NDArray[np.bool_]
    """Whether the label is doubted, `(N,)`."""
    leaked: NDArray[np.bool_]
    """Whether another split had the same image, `(N,)`."""


@dataclass(frozen=True)
class Evaluation:
    """The results of a model on the test split."""

    classes: Sequence[str]
    probabilities: Float64
    """Softmax of the logits, `(N, K)`."""
    scaled: Float64
    """After temperature scaling."""
    temperature: float
    intervals: dict[str, Interval]
    """Value and 95 % interval of each metric."""
    by_class: dict[str, Accuracy]
    """The accuracy on each class that has test examples."""
    slices: list[Slice]
    """On parts of the test split; the first is of all."""
    num_corrupted: int
    """Examples that were corrupted too."""
    robustness: list[Corrupted]
    """On these examples; empty where there are none."""
    num_suspected: int
    accuracy_without_suspected: float
    num_leaked: int
    accuracy_without_leaked: float

    @property
    def worst_class(self) -> str:
        return min(self.by_class, key=lambda name: self.by_class[name].accuracy)

    def metrics(self) -> dict[str, float | str]:
        """The content of reports/metrics.json; the first six keys are its contract."""
        values = {name: value for name, (value, _, _) in self.intervals.items()}
        first = ("accuracy", "loss", "f1_macro", "calibration_error")
        metrics: dict[str, float | str] = {name: values[name] for name in first}
        metrics |= {
            "worst_class_accuracy": self.by_class[self.worst_class].accuracy,
            "worst_class": self.worst_class,
            "accuracy_low": self.intervals["accuracy"][1],
            "accuracy_high": self.intervals["accuracy"][2],
            "accuracy_without_suspected": self.accuracy_without_suspected,
            "accuracy_without_leaked": self.accuracy_without_leaked,
        }
        metrics |= {name: values[name] for name in values if name.startswith("accuracy_top")}
        metrics |= {
            "calibration_error_scaled": values["calibration_error_scaled"],
            "temperature": self.temperature,
        }
        if self.robustness:
            metrics["accuracy_corrupted"] = mean_accuracy(self.robustness)
        return metrics

    def summary(self) -> dict[str, Any]:
        """Values for the index of data/evaluation; `accuracy_corrupted` is None where no image was
        corrupted."""
        return {
            "classes": list(self.classes),
            "temperature": self.temperature,
            "num_corrupted": self.num_corrupted,
            "accuracy_corrupted": mean_accuracy(self.robustness) if self.robustness else None,
            "num_suspected": self.num_suspected,
            "accuracy_without_suspected": self.accuracy_without_suspected,
            "min_slice_examples": MIN_EXAMPLES,
            "num_leaked": self.num_leaked,
            "accuracy_without_leaked": self.accuracy_without_leaked,
        }


def evaluate(
    logits_of: LogitsOf,
    classes: Sequence[str],
    test: TestSplit,
    val_images: Images,
    val_labels: Labels,
    *,
    corrupted_examples: int,
) -> Evaluation:
    """Test a model; validation, at least one example, is for its temperature alone."""
    logits = logits_of(test.images)
    # One example of an unknown class keeps the temperature above zero for a model that is right
    # about all of validation.
    temperature = fit_temperature(logits_of(val_images), val_labels, num_unknown=1)
    probabilities, scaled = softmax(logits), softmax(logits / temperature)
    right = probabilities.argmax(1) == test.labels
    owners = owners_of(test.ids, test.groups)
    of_class = [np.flatnonzero(test.labels == code) for code in range(len(classes))]
    tried = choose(test.ids, corrupted_examples)
    corrupted = []
    if len(tried):
        corrupted = robustness(
            lambda images: logits_of(images).argmax(1),
            test.images[tried],
            test.labels[tried],
            [test.ids[row] for row in tried],
            None if owners is None else owners[tried],
        )
    return Evaluation(
        classes=classes,
        probabilities=probabilities,
        scaled=scaled,
        temperature=temperature,
        intervals=metric_intervals(probabilities, scaled, test.labels, owners),
        by_class={
            name: accuracy_of(right[rows], None if owners is None else owners[rows])
            for name, rows in zip(classes, of_class, strict=True)
            if len(rows)
        },
        slices=slices(right, test.measurements, test.groups, owners),
        num_corrupted=len(tried),
        robustness=corrupted,
        num_suspected=int(test.suspected.sum()),
        accuracy_without_suspected=_mean_without(right, test.suspected),
        num_leaked=int(test.leaked.sum()),
        accuracy_without_leaked=_mean_without(right, test.leaked),
    )


def _mean_without(right: NDArray[np.bool_], left_out: NDArray[np.bool_]) -> float:
    """Accuracy without some examples; of all where nothing else is left."""
    rest = right[~left_out]
    return float(rest.mean() if len(rest) else right.mean())
