"""Report: the model card, tables and pictures of a trained model, for people.

reads   models/ (model.json, training.parquet, speed.parquet), data/evaluation/, data/shards/
        (images of test)
writes  reports/modelcard.md; in reports/model/ as .csv and .png training, confusion, calibration,
        slices, robustness, as .csv alone speed, classes, intervals, and mistakes.png
params  report

Nothing is computed here that another stage reads: rewording the card or redrawing a picture runs
this stage alone.
"""

import json
from pathlib import Path
from typing import Any

from pipeline.dataset.places import EVALUATION, MODELS, SHARDS
from pipeline.dataset.shard_reader import ShardReader
from pipeline.dataset.table import damaged
from pipeline.modalities.images.show.figures import image_grid
from pipeline.report import figures
from pipeline.report.evaluation import EvaluationTables, read_evaluation
from pipeline.report.modelcard import write_card
from pipeline.report.params import ReportParams, report_params
from pipeline.report.tables import Row, csv_tables, epoch_table, read_rows, write_csv
from pipeline.reporting.figures import confusion
from pipeline.runtime.errors import MissingInput
from pipeline.runtime.stage import Stage, run_stage


def main(stage: Stage[ReportParams]) -> None:
    model = read_model_json(MODELS / "model.json")
    history = read_rows(MODELS / "training.parquet")
    evaluation = read_evaluation(EVALUATION)
    card = write_card(model, evaluation)
    stage.output("reports/modelcard.md").write_text(card, encoding="utf-8")

    folder = stage.output("reports/model")
    folder.mkdir(parents=True)
    tables = csv_tables(evaluation)
    tables["training"] = epoch_table(history)
    tables["speed"] = epoch_table(read_rows(MODELS / "speed.parquet"))
    for name, table in tables.items():
        write_csv(folder / f"{name}.csv", table)
    draw(folder, history, model["best_epoch"], evaluation)
    draw_mistakes(folder / "mistakes.png", evaluation, stage.params.report.num_mistakes)
    stage.say(f"reports/modelcard.md, and {len(tables)} tables in reports/model")


def read_model_json(path: Path) -> dict[str, Any]:
    """The description of the model.

    Raises:
        MissingInput: it is no JSON.
    """
    try:
        description: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise damaged(path, str(error)) from None
    return description


def draw(folder: Path, history: list[Row], best_epoch: int, evaluation: EvaluationTables) -> None:
    figures.training_curves(history, best_epoch, folder / "training.png")
    confusion(evaluation.confusion, evaluation.classes, folder / "confusion.png")
    figures.calibration(
        evaluation.reliability(scaled=False),
        evaluation.metric("calibration_error"),
        evaluation.reliability(scaled=True),
        evaluation.metric("calibration_error_scaled"),
        folder / "calibration.png",
    )
    figures.slices(evaluation.slices, folder / "slices.png")
    figures.robustness(evaluation.robustness, folder / "robustness.png")


def draw_mistakes(path: Path, evaluation: EvaluationTables, most: int) -> None:
    """The images of up to `most` mistakes, those of highest confidence.

    Raises:
        MissingInput: the shards do not have them.
    """
    test = ShardReader(SHARDS).read("test", 0)
    place = {id: row for row, id in enumerate(test.ids)}
    shown = evaluation.mistakes[:most]
    if any(mistake["id"] not in place for mistake in shown):
        raise MissingInput(
            f"{EVALUATION} was not made from this {SHARDS}", fix="dvc repro evaluate"
        )
    num = len(evaluation.mistakes)
    image_grid(
        [test.images[place[mistake["id"]]] for mistake in shown],
        [
            f"is {mistake['label']}\nsaid {mistake['predicted']} {mistake['confidence']:.2f}"
            for mistake in shown
        ],
        path,
        columns=9,
        title=f"{num} mistake{'s' * (num != 1)} in {evaluation.num_examples} test images, "
        "the surest first",
    )


if __name__ == "__main__":
    run_stage("report", main, report_params)
