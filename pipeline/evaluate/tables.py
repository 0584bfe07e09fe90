"""The numbers behind the pictures of an evaluation, for `dvc plots` and for people."""

from collections.abc import Sequence

from pipeline.evaluate.evaluation import Evaluation
from pipeline.learning.metrics import Labels, calibration, confusion_matrix, per_class

Table = tuple[Sequence[str], list[Sequence[str | int]]]
"""A header and its rows."""


def tables(found: Evaluation, labels: Labels) -> dict[str, Table]:
    """The tables by the names of their files; each fraction has six digits."""
    names = found.classes
    matrix = confusion_matrix(labels, found.probabilities.argmax(1), len(names))
    by_class = per_class(matrix)
    interval = {share.name: (share.low, share.high) for share in found.by_class}
    reliability, _ = calibration(found.probabilities, labels)
    made: dict[str, tuple[Sequence[str], list[Sequence[str | float]]]] = {
        "confusion": (
            ["actual", "predicted", "count"],
            [(a, p, int(matrix[i, j])) for i, a in enumerate(names) for j, p in enumerate(names)],
        ),
        "classes": (
            ["class", "support", "precision", "recall", "f1", "recall_low", "recall_high"],
            [
                (
                    name,
                    int(matrix[code].sum()),
                    *(float(by_class[column][code]) for column in ("precision", "recall", "f1")),
                    *interval.get(name, (0.0, 1.0)),
                )
                for code, name in enumerate(names)
            ],
        ),
        "calibration": (
            ["confidence", "accuracy", "count"],
            [(row["confidence"], row["accuracy"], row["count"]) for row in reliability],
        ),
        "intervals": (
            ["metric", "value", "low", "high"],
            [(name, *ends) for name, ends in found.intervals.items()],
        ),
        "slices": (["slice", "rule", "count", "accuracy", "low", "high"], list(found.slices)),
        "robustness": (
            ["corruption", "strength", "accuracy", "low", "high"],
            list(found.robustness),
        ),
    }
    return {name: (header, list(map(_digits, rows))) for name, (header, rows) in made.items()}


def _digits(row: Sequence[str | float]) -> list[str | int]:
    return [f"{cell:.6f}" if isinstance(cell, float) else cell for cell in row]
