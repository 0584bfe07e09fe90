"""An evaluation as the stage `report` reads it."""

from pipeline.modalities.images.show.words import TAILS
from pipeline.report.evaluation import named
from pipeline.targets.protocols.card import EvaluationTables

MIN_EXAMPLES = 10
CLASSES = ["dark", "b|right", "unseen"]


def corrupted(name: str, strength: int, accuracy: float) -> dict:
    row = {"corruption": name, "strength": strength, "accuracy": accuracy}
    return row | {"low": accuracy - 0.1, "high": min(1.0, accuracy + 0.1)}


def counts(matrix: list[list[int]]) -> list[dict]:
    return [
        {"actual": actual, "predicted": predicted, "count": matrix[i][j]}
        for i, actual in enumerate(CLASSES)
        for j, predicted in enumerate(CLASSES)
    ]


def class_row(name: str, support: int, recall: float, low: float, high: float) -> dict:
    row = {"class": name, "support": support, "precision": recall, "recall": recall, "f1": recall}
    ranking = dict.fromkeys(
        ("auc", "average_precision", "sensitivity"), recall if support else None
    )
    return row | {"recall_low": low, "recall_high": high} | ranking


def slice_row(
    kind: str, bound: float | None, count: int, accuracy: float, low: float, high: float
) -> dict:
    """A row of `slices` with its words; of a tail, that of brightness."""
    measurement = None if kind == "all" else "brightness"
    row = {"kind": kind, "measurement": measurement, "bound": bound, "rank": None}
    row |= {"num_groups": None, "count": count, "accuracy": accuracy, "low": low, "high": high}
    return named(row, MIN_EXAMPLES, TAILS)


def bins(*rows: tuple[bool, float, float, int]) -> list[dict]:
    names = ("scaled", "confidence", "accuracy", "count")
    return [dict(zip(names, row, strict=True)) for row in rows]


EVALUATION = EvaluationTables(
    summary={
        "modality": "images",
        "target_kind": "classes",
        "target": {"classes": CLASSES},
        "temperature": 1.75,
        "num_corrupted": 20,
        "accuracy_corrupted": 0.6,
        "min_slice_examples": MIN_EXAMPLES,
        "num_leaked": 1,
        "accuracy_without_leaked": 57 / 59,
    },
    tables={
        "intervals": [
            {"metric": "accuracy", "value": 0.95, "low": 0.863, "high": 0.9829},
            {"metric": "calibration_error", "value": 0.09, "low": 0.01, "high": 0.2},
            {"metric": "calibration_error_scaled", "value": 1 / 30, "low": 0.0, "high": 0.1},
        ],
        "classes": [
            class_row("dark", 31, 0.97, 0.8, 1.0),
            class_row("b|right", 29, 0.9, 0.7, 0.95),
            class_row("unseen", 0, 0.0, 0.0, 1.0),
        ],
        "slices": [
            slice_row("all", None, 60, 0.95, 0.863, 0.9829),
            slice_row("low", 0.4, 15, 0.8, 0.6, 0.9),
            slice_row("high", 0.6, 15, 1.0, 0.8, 1.0),
        ],
        "robustness": [
            corrupted("none", 0, 0.9),
            corrupted("noise", 1, 0.8),
            corrupted("noise", 3, 0.6),
            corrupted("noise", 5, 0.6),
            corrupted("blur", 1, 0.6),
            corrupted("blur", 3, 0.5),
            corrupted("blur", 5, 0.5),
        ],
        "calibration": bins(
            (False, 0.55, 0.5, 10),
            (False, 0.9, 1.0, 50),
            (True, 0.7, 2 / 3, 60),
        ),
        "confusion": counts([[30, 1, 0], [2, 27, 0], [0, 0, 0]]),
        "baselines": [
            {
                "baseline": name,
                "metric": "accuracy",
                "value": value,
                "model": 0.95,
                "difference": 0.95 - value,
                "low": 0.01,
                "high": 0.5,
                "diebold_mariano": None,
                "model_is": "better",
            }
            for name, value in (("linear", 0.9), ("majority", 0.5))
        ],
        "gaps": [],
        "importance": [],
        "dependence": [],
        "mistakes": [
            {"id": "test 2", "label": "dark", "predicted": "b|right", "confidence": 0.999},
            {"id": "test 0", "label": "b|right", "predicted": "dark", "confidence": 0.75},
            {"id": "test 1", "label": "b|right", "predicted": "dark", "confidence": 0.5},
        ],
    },
)
