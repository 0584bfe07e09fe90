"""Report: the model card, tables and pictures of a trained model, for people.

reads   models/ (model.json, training.parquet, speed.parquet), data/evaluation/, data/shards/
        (test)
writes  reports/modelcard.md; in reports/model/ training as .csv and .png, speed as .csv, the tables
        and pictures of the target, and mistakes.png
params  modality, target, report; clean and augment for the card

Nothing is computed here that another stage reads: rewording the card or redrawing a picture runs
this stage alone.
"""

from pathlib import Path

from pipeline.dataset.places import EVALUATION, MODELS, SHARDS
from pipeline.dataset.shards.reader import ShardReader
from pipeline.dataset.tables import read_small_table
from pipeline.learning.description import read_description
from pipeline.modalities.opening import open_show
from pipeline.modalities.protocols.show import Show
from pipeline.report.evaluation import read_evaluation
from pipeline.report.figures import training_curves
from pipeline.report.modelcard import write_card
from pipeline.report.params import ReportParams, report_params
from pipeline.report.tables import epoch_table, figure_tables, table, write_csv
from pipeline.reporting.figures import with_id
from pipeline.runtime.errors import MissingInput
from pipeline.runtime.stage import Stage, run_stage
from pipeline.targets.opening import open_card
from pipeline.targets.protocols.card import Mistakes

TABLES = {
    "baselines": ["baseline", "metric", "value", "model", "difference", "low", "high", "model_is"],
    "gaps": ["column", "value", "rate", "count", "mean", "low", "high"],
    "importance": ["input", "loss_grows", "spread"],
    "dependence": ["input", "value", "answer", "mean"],
}
"""Tables of data/evaluation that all targets have, and their columns for people."""
WITH_CONTENT = {"decided": ["id", "part", "for_it"]}
"""Tables that contain parts of examples, written only with `report.texts`."""


def main(stage: Stage[ReportParams]) -> None:
    params = stage.params
    show, target = open_show(params.modality), open_card(params.target)
    model = read_description(MODELS)
    history = read_small_table(MODELS / "training.parquet")
    tables_of_all = {**TABLES, **(WITH_CONTENT if getattr(params.report, "texts", False) else {})}
    evaluation = read_evaluation(EVALUATION, [*target.TABLES, *tables_of_all], show.TAILS)
    sections = {"clean": params.clean, "augment": params.augment}
    card = write_card(model, sections, evaluation, show, target)
    stage.output("reports/modelcard.md").write_text(card, encoding="utf-8")

    folder = stage.output("reports/model")
    folder.mkdir(parents=True)
    tables = {
        name: table(columns, rows)
        for name, (columns, rows) in target.csv_tables(evaluation).items()
    }
    tables |= {
        name: table(columns, evaluation.tables[name])
        for name, columns in tables_of_all.items()
        if evaluation.tables[name]
    }
    tables["training"] = epoch_table(history)
    tables |= {f"{name}_by_epoch": each for name, each in figure_tables(history).items()}
    tables["speed"] = epoch_table(read_small_table(MODELS / "speed.parquet"))
    for name, content in tables.items():
        write_csv(folder / f"{name}.csv", content)
    training_curves(history, model["best_epoch"], folder / "training.png")
    target.draw(evaluation, folder)
    mistakes = target.mistakes(evaluation, params.report.num_mistakes)
    draw_mistakes(folder / "mistakes.png", mistakes, show)
    stage.say(f"reports/modelcard.md, and {len(tables)} tables in reports/model")


def draw_mistakes(path: Path, mistakes: Mistakes, show: Show) -> None:
    """The examples of mistakes, in a grid.

    Raises:
        MissingInput: the shards do not have them.
    """
    reader = ShardReader(SHARDS)
    test = reader.read("test", 0)
    place = {id: row for row, id in enumerate(test.ids)}
    if any(id not in place for id in mistakes.ids):
        raise MissingInput(
            f"{EVALUATION} was not made from this {SHARDS}", fix="dvc repro evaluate"
        )
    rows = [place[id] for id in mistakes.ids]
    show.grid(
        {name: column[rows] for name, column in test.inputs.items()},
        reader.preparation,
        [with_id(text, id) for text, id in zip(mistakes.captions, mistakes.ids, strict=True)],
        path,
        columns=9,
        title=mistakes.title,
    )


if __name__ == "__main__":
    run_stage("report", main, report_params)
