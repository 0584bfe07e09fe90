"""Evaluate: how good the model is, where it is weak, how sure; alone in opening the test split.

reads   data/shards/ (test), models/, reports/label_issues.csv, reports/duplicates.csv
writes  reports/metrics.json, confusion.csv and .png, classes.csv, calibration.csv and .png,
        mistakes.png; data/predictions.parquet
params  evaluate
"""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from numpy.typing import NDArray

from pipeline.dataset.shard_reader import ShardReader
from pipeline.dataset.shards import Shard
from pipeline.learning import figures
from pipeline.learning.device import choose_device
from pipeline.learning.inference import predict
from pipeline.learning.metrics import (
    calibration,
    confusion_matrix,
    cross_entropy,
    per_class,
    softmax,
)
from pipeline.learning.model_file import load_model
from pipeline.runtime.errors import BrokenDataset, MissingInput
from pipeline.runtime.stage import Stage, run_stage

SHARDS, MODELS = Path("data/shards"), Path("models")
LABEL_ISSUES, DUPLICATES = Path("reports/label_issues.csv"), Path("reports/duplicates.csv")


def main(stage: Stage) -> None:
    reader = ShardReader(SHARDS)
    reader.verify(["test"])
    test = reader.read("test", 0)
    if not test.ids:
        raise BrokenDataset(
            f"{SHARDS} has no test examples", fix="see `split` in the catalog entry"
        )
    device = choose_device("auto", "fp32", reader.shape)
    model = load_model(MODELS, device)
    if model.classes != reader.classes:
        raise MissingInput("models/ knows other classes than data/shards", fix="dvc repro train")
    logits = predict(model.network, torch.from_numpy(test.images), model.normalize, device)
    probabilities = softmax(logits)
    labels = test.labels.astype(np.int64)
    predicted = probabilities.argmax(1)

    matrix = confusion_matrix(labels, predicted, len(model.classes))
    classes = per_class(matrix)
    bins, calibration_error = calibration(probabilities, labels)
    tested = np.flatnonzero(classes["support"] > 0)
    worst = tested[classes["recall"][tested].argmin()]
    right = predicted == labels
    ids = np.array(test.ids)
    metrics = {
        "accuracy": float(right.mean()),
        "loss": cross_entropy(probabilities, labels),
        "f1_macro": float(classes["f1"][tested].mean()),
        "calibration_error": calibration_error,
        "worst_class_accuracy": float(classes["recall"][worst]),
        "worst_class": model.classes[worst],
        "accuracy_without_suspected": mean_without(right, np.isin(ids, suspected_in_test())),
        "accuracy_without_leaked": mean_without(right, np.isin(ids, leaked_from_test())),
    }
    stage.write_report("reports/metrics.json", metrics)
    write_tables(stage, model.classes, matrix, classes, bins)
    figures.confusion(matrix, model.classes, stage.output("reports/confusion.png"))
    figures.calibration(bins, calibration_error, stage.output("reports/calibration.png"))
    picture_mistakes(stage, test, probabilities, model.classes)
    write_predictions(stage, test, probabilities, model.classes)
    stage.say(
        f"accuracy {metrics['accuracy']:.4f} on {len(labels)} test images, "
        f"worst class {metrics['worst_class']} {metrics['worst_class_accuracy']:.4f}"
    )


def suspected_in_test() -> list[str]:
    """Ids of test examples whose given label clean doubts."""
    return [row["id"] for row in read_csv(LABEL_ISSUES) if row["split"] == "test"]


def leaked_from_test() -> list[str]:
    """Ids of test examples that an example of another split repeats; clean removed that one."""
    rows = read_csv(DUPLICATES)
    return [row["of"] for row in rows if row["of_split"] == "test" and row["split"] != "test"]


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def mean_without(right: NDArray[np.bool_], left_out: NDArray[np.bool_]) -> float:
    """Accuracy without some examples; of all where nothing else is left."""
    rest = right[~left_out]
    return float(rest.mean() if len(rest) else right.mean())


def write_tables(
    stage: Stage,
    names: Sequence[str],
    matrix: NDArray[np.int64],
    classes: dict[str, NDArray[np.float64]],
    bins: list[dict[str, float]],
) -> None:
    """The numbers behind the pictures, for `dvc plots`."""
    cells = [
        (names[true], names[predicted], int(matrix[true, predicted]))
        for true in range(len(names))
        for predicted in range(len(names))
    ]
    stage.write_table("reports/confusion.csv", ["actual", "predicted", "count"], cells)
    columns = ["precision", "recall", "f1"]
    rows: list[list[Any]] = [
        [name, int(classes["support"][k]), *(f"{classes[c][k]:.6f}" for c in columns)]
        for k, name in enumerate(names)
    ]
    stage.write_table("reports/classes.csv", ["class", "support", *columns], rows)
    points = [(f"{b['confidence']:.6f}", f"{b['accuracy']:.6f}", b["count"]) for b in bins]
    stage.write_table("reports/calibration.csv", ["confidence", "accuracy", "count"], points)


def picture_mistakes(
    stage: Stage, test: Shard, probabilities: NDArray[np.float64], names: Sequence[str]
) -> None:
    """The mistakes that the model is surest of."""
    predicted = probabilities.argmax(1)
    wrong = np.flatnonzero(predicted != test.labels)
    worst = wrong[np.argsort(-probabilities[wrong].max(1), kind="stable")]
    worst = worst[: stage.params.evaluate.num_mistakes]
    figures.image_grid(
        [test.images[row] for row in worst],
        [
            f"is {names[test.labels[row]]}\nsaid {names[predicted[row]]} "
            f"{probabilities[row].max():.2f}"
            for row in worst
        ],
        stage.output("reports/mistakes.png"),
        columns=9,
        title=f"{len(wrong)} mistakes in {len(test.ids)} test images, the surest first",
    )


def write_predictions(
    stage: Stage, test: Shard, probabilities: NDArray[np.float64], names: Sequence[str]
) -> None:
    """Every test example with its probabilities, so that two runs can be compared one by one."""
    predicted = probabilities.argmax(1)
    table = pa.table(
        {
            "id": test.ids,
            "label": [names[label] for label in test.labels],
            "predicted": [names[label] for label in predicted],
            "probabilities": pa.FixedSizeListArray.from_arrays(
                pa.array(probabilities.astype(np.float32).ravel()), len(names)
            ),
        }
    )
    pq.write_table(table, stage.output("data/predictions.parquet"), write_page_checksum=True)


if __name__ == "__main__":
    run_stage("evaluate", main)
