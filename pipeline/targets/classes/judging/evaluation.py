"""Evaluates a classifier on the test split: metrics, weak slices, intervals."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.dataset.arrays import Float32, Float64
from pipeline.targets.bootstrap import Owners, owners_of
from pipeline.targets.classes.judging.accuracy import Accuracy, accuracy_of
from pipeline.targets.classes.judging.intervals import Interval, metric_intervals
from pipeline.targets.classes.judging.robustness import Corrupted, mean_accuracy, robustness
from pipeline.targets.classes.measures.guessing import compared_with_guessing
from pipeline.targets.classes.measures.metrics import Labels, fit_temperature
from pipeline.targets.classes.measures.outputs import softmax
from pipeline.targets.classes.measures.ranking import summary
from pipeline.targets.protocols.judging import Answers, Stressed, TestSplit
from pipeline.targets.slices import MIN_EXAMPLES, Slice, slices


@dataclass(frozen=True)
class ClassEvaluation:
    """The results of a classifier on the test split."""

    classes: Sequence[str]
    labels: Labels
    """Class indices, `(N,)`."""
    probabilities: Float64
    """Softmax of the logits, `(N, K)`."""
    scaled: Float64
    """Probabilities after temperature scaling."""
    temperature: float
    intervals: dict[str, Interval]
    """Value and 95 % interval of each metric."""
    by_class: dict[str, Accuracy]
    """The accuracy on each class that has test examples."""
    slices: list[tuple[Slice, Accuracy]]
    """Accuracy on parts of the test split; the first is the whole."""
    num_corrupted: int
    """Number of examples that were also corrupted."""
    robustness: list[Corrupted]
    """Accuracy on the corrupted examples; empty if there are none."""
    num_leaked: int
    accuracy_without_leaked: float | None
    """None if all examples are leaked."""

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
        }
        if self.accuracy_without_leaked is not None:
            metrics["accuracy_without_leaked"] = self.accuracy_without_leaked
        metrics |= {name: values[name] for name in values if name.startswith("accuracy_top")}
        metrics |= {
            "calibration_error_scaled": values["calibration_error_scaled"],
            "temperature": self.temperature,
        }
        metrics |= summary(self.probabilities, self.labels)
        if self.robustness:
            metrics["accuracy_corrupted"] = mean_accuracy(self.robustness)
        return metrics

    def summary(self) -> dict[str, Any]:
        """Values for the index of data/evaluation; `accuracy_corrupted` is None where no example
        was corrupted."""
        return {
            "temperature": self.temperature,
            "num_corrupted": self.num_corrupted,
            "accuracy_corrupted": mean_accuracy(self.robustness) if self.robustness else None,
            "min_slice_examples": MIN_EXAMPLES,
            "num_leaked": self.num_leaked,
            "accuracy_without_leaked": self.accuracy_without_leaked,
        }

    def sentence(self) -> str:
        """A sentence on the results, for the terminal."""
        accuracy, low, high = self.intervals["accuracy"]
        worst = self.worst_class
        counts = np.bincount(self.labels, minlength=len(self.classes)).tolist()
        support = dict(zip(self.classes, counts, strict=True))
        doubt = compared_with_guessing(accuracy, low, support)
        return (
            f"accuracy {accuracy:.4f} ({low:.4f} to {high:.4f}) on {len(self.labels)} test "
            f"examples, worst class {worst} {self.by_class[worst].accuracy:.4f}"
        ) + (f"; {doubt}" if doubt else "")


def evaluate_classifier(
    classes: Sequence[str],
    test: TestSplit,
    logits: Float32,
    validation: Answers,
    stressed: Stressed,
) -> ClassEvaluation:
    """Test a model by its logits for the test split, `(N, K)`.

    Validation, at least one example, is used only for the temperature.
    """
    labels = test.y.astype(np.int64)
    temperature = temperature_of(validation)
    probabilities, scaled = softmax(logits), softmax(logits / temperature)
    right = probabilities.argmax(1) == labels
    owners = owners_of(test.ids, test.groups)
    of_class = [np.flatnonzero(labels == code) for code in range(len(classes))]
    tried = stressed.rows
    corrupted = []
    if len(tried):
        corrupted = robustness(
            stressed.variants, labels[tried], None if owners is None else owners[tried]
        )
    return ClassEvaluation(
        classes=classes,
        labels=labels,
        probabilities=probabilities,
        scaled=scaled,
        temperature=temperature,
        intervals=metric_intervals(probabilities, scaled, labels, owners),
        by_class={
            name: accuracy_of(right[rows], None if owners is None else owners[rows])
            for name, rows in zip(classes, of_class, strict=True)
            if len(rows)
        },
        slices=accuracy_by_slice(right, test, owners),
        num_corrupted=len(tried),
        robustness=corrupted,
        num_leaked=int(test.leaked.sum()),
        accuracy_without_leaked=_mean_without(right, test.leaked),
    )


def temperature_of(validation: Answers) -> float:
    """The divisor of logits that calibrates probabilities best on validation."""
    # One example of unknown class keeps the temperature above zero if the model is right on all of
    # validation.
    return fit_temperature(validation.outputs, validation.y.astype(np.int64), num_unknown=1)


def accuracy_by_slice(
    right: NDArray[np.bool_], test: TestSplit, owners: Owners | None
) -> list[tuple[Slice, Accuracy]]:
    """The accuracy on each of the `slices` of the test split."""
    accuracies = []
    for part, rows in slices(right, test.measurements, test.groups):
        # All examples of a slice of kind `group` have one owner.
        some = None if owners is None or part.kind == "group" else owners[rows]
        accuracies.append((part, accuracy_of(right[rows], some)))
    return accuracies


def _mean_without(right: NDArray[np.bool_], left_out: NDArray[np.bool_]) -> float | None:
    """Accuracy without some examples; None if no others remain."""
    rest = right[~left_out]
    return float(rest.mean()) if len(rest) else None
