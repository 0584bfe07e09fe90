"""Evaluate: how good the model is, where it is weak, how sure; alone in opening the test split.

reads   data/shards/ (test; val for the temperature), data/clean/ (measurements), models/,
        reports/label_issues.csv, reports/duplicates.csv
writes  reports/metrics.json, intervals.csv, modelcard.md, mistakes.png, and as .csv and .png
        confusion, calibration, slices, robustness; classes.csv; data/predictions.parquet
params  evaluate
"""

import csv
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import torch
from numpy.typing import NDArray

from pipeline.dataset.shard_reader import ShardReader
from pipeline.dataset.table import read_folder
from pipeline.evaluate import figures as evaluation_figures
from pipeline.evaluate.evaluation import Evaluation, TestSplit, evaluate
from pipeline.evaluate.modelcard import write_card
from pipeline.evaluate.params import EvaluateParams
from pipeline.evaluate.predictions import Predictions, write_predictions
from pipeline.evaluate.robustness import Images
from pipeline.evaluate.tables import tables
from pipeline.learning.device import choose_device
from pipeline.learning.inference import predict
from pipeline.learning.metrics import calibration, confusion_matrix
from pipeline.learning.model_file import load_model
from pipeline.modalities.images.show.figures import image_grid
from pipeline.reporting import figures
from pipeline.runtime.errors import BrokenDataset, MissingInput
from pipeline.runtime.stage import Stage, run_stage

CLEAN, SHARDS, MODELS = Path("data/clean"), Path("data/shards"), Path("models")
LABEL_ISSUES, DUPLICATES = Path("reports/label_issues.csv"), Path("reports/duplicates.csv")
MEASURED = ["brightness", "contrast", "sharpness", "width", "height"]


def main(stage: Stage[EvaluateParams]) -> None:
    reader = ShardReader(SHARDS)
    reader.verify(["val", "test"])
    device = choose_device("auto", "fp32", reader.shape)
    model = load_model(MODELS, device)
    if model.classes != reader.classes:
        raise MissingInput("models/ knows other classes than data/shards", fix="dvc repro train")
    test, val = read_test(reader), reader.read("val", 0)

    def ask(images: Images) -> NDArray[np.float32]:
        return predict(
            model.network, torch.from_numpy(images), model.normalize, device, model.views
        )

    found = evaluate(
        ask,
        model.classes,
        test,
        val.images,
        val.labels.astype(np.int64),
        corrupted_examples=stage.params.evaluate.corrupted_examples,
    )
    stage.write_report("reports/metrics.json", found.metrics())
    for name, (header, rows) in tables(found, test.labels).items():
        stage.write_table(f"reports/{name}.csv", header, rows)
    draw(stage, found, test)
    write_predictions(
        stage.output("data/predictions.parquet"),
        Predictions(
            test.ids, test.groups, model.classes, test.labels, found.probabilities.astype("f4")
        ),
    )
    card = write_card(model.about, found)
    stage.output("reports/modelcard.md").write_text(card, encoding="utf-8")
    accuracy, low, high = found.intervals["accuracy"]
    stage.say(
        f"accuracy {accuracy:.4f} ({low:.4f} to {high:.4f}) on {len(test.ids)} test images, "
        f"worst class {found.worst_class.name} {found.worst_class.accuracy:.4f}"
    )


def read_test(reader: ShardReader) -> TestSplit:
    """The test split, with what data/clean and the reports of clean know of it.

    Raises:
        BrokenDataset: there is no test example.
        MissingInput: the shards are of another data/clean.
    """
    shard = reader.read("test", 0)
    if not shard.ids:
        raise BrokenDataset(
            f"{SHARDS} has no test examples", fix="see `split` in the catalog entry"
        )
    table = read_folder(CLEAN, ["id", "split", "group", *MEASURED])
    table = table.filter(pc.equal(table["split"].cast(pa.string()), "test"))
    if table["id"].to_pylist() != shard.ids:
        raise MissingInput(f"{SHARDS} was not made from this {CLEAN}", fix="dvc repro augment")
    values = {name: np.asarray(table[name], np.float64) for name in MEASURED}
    width, height = values.pop("width"), values.pop("height")
    suspected = [row["id"] for row in read_csv(LABEL_ISSUES) if row["split"] == "test"]
    leaked = [  # clean removed the example of the other split
        row["of"]
        for row in read_csv(DUPLICATES)
        if row["of_split"] == "test" and row["split"] != "test"
    ]
    return TestSplit(
        ids=shard.ids,
        images=shard.images,
        labels=shard.labels.astype(np.int64),
        groups=table["group"].to_pylist(),
        measurements=values | {"pixels": width * height, "width to height": width / height},
        suspected=np.isin(shard.ids, suspected),
        leaked=np.isin(shard.ids, leaked),
    )


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def draw(stage: Stage[EvaluateParams], found: Evaluation, test: TestSplit) -> None:
    names, predicted = found.classes, found.probabilities.argmax(1)
    matrix = confusion_matrix(test.labels, predicted, len(names))
    figures.confusion(matrix, names, stage.output("reports/confusion.png"))
    evaluation_figures.calibration(
        *calibration(found.probabilities, test.labels),
        *calibration(found.scaled, test.labels),
        stage.output("reports/calibration.png"),
    )
    evaluation_figures.shares(found.slices, stage.output("reports/slices.png"))
    evaluation_figures.robustness(found.robustness, stage.output("reports/robustness.png"))

    wrong = np.flatnonzero(predicted != test.labels)
    surest = wrong[np.argsort(-found.probabilities[wrong].max(1), kind="stable")]
    surest = surest[: stage.params.evaluate.num_mistakes]
    image_grid(
        [test.images[row] for row in surest],
        [
            f"is {names[test.labels[row]]}\nsaid {names[predicted[row]]} "
            f"{found.probabilities[row].max():.2f}"
            for row in surest
        ],
        stage.output("reports/mistakes.png"),
        columns=9,
        title=f"{len(wrong)} mistake{'s' * (len(wrong) != 1)} in {len(test.ids)} test images, "
        "the surest first",
    )


if __name__ == "__main__":
    run_stage("evaluate", main, EvaluateParams)
