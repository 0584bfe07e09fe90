"""The names of targets/protocols/card.py, for numbers."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pipeline.reporting.markdown import code, plain
from pipeline.targets.numbers.card import figures
from pipeline.targets.numbers.measures.scale import LOG, in_words
from pipeline.targets.protocols.card import EvaluationTables, Mistakes, TableRows
from pipeline.targets.protocols.labels import TargetIndex

TABLES = ("intervals", "slices", "robustness", "bins", "points", "mistakes")
TASK = "regression"
HUB_METRICS = ("mae", "mse", "r_squared")
ANSWERS = ("the number that it estimates", "a JSON object a line")

COLUMNS = {
    "intervals": ["metric", "value", "low", "high"],
    "error_by_slice": ["slice", "rule", "count", "mae", "low", "high"],
    "error_by_corruption": ["corruption", "strength", "mae", "low", "high"],
    "bins": ["predicted", "target", "mae", "coverage", "coverage_low", "coverage_high", "count"],
}
"""Columns of the tables for people; slices and robustness have names from which dvc.yaml draws no
accuracy."""
OTHERWISE_NAMED = {"error_by_slice": "slices", "error_by_corruption": "robustness"}


def answer(index: TargetIndex) -> str:
    if index["scale"] == LOG:
        return "It estimates a positive number, by its logarithm."
    mean, std = in_words(index["mean"]), in_words(index["std"])
    return f"It estimates a number. Those of train have mean {mean}, standard deviation {std}."


def notes(evaluation: EvaluationTables) -> Iterator[str]:
    summary = evaluation.summary
    level = summary["interval_level"]
    yield (
        "- `mae` and `rmse` are in the units of the numbers; `r2` is 1 at best, 0 for a model that "
        "always says the mean of the test split"
    )
    yield (
        f"- `coverage` is the share of right numbers within intervals that are made to hold "
        f"{level:.0%} (split conformal prediction on validation), `interval_width` their mean width"
    )
    if summary["num_leaked"]:
        yield (
            f"- test examples that another split had too, until they were removed there: "
            f"{summary['num_leaked']:,}; mean absolute error without them "
            f"{in_words(summary['mae_without_leaked'])}"
        )


def weaknesses(evaluation: EvaluationTables) -> Iterator[str]:
    slices = evaluation.tables["slices"]
    yield f"- all examples: {_error(slices[0])}"
    if len(slices) > 1:
        worst = max(slices[1:], key=lambda row: row["mae"])
        part, rule = code(worst["slice"]), plain(worst["rule"])
        yield f"- part of the examples: {part} {_error(worst)}, {rule}"
    bins = evaluation.tables["bins"]
    least = min(bins, key=lambda row: row["coverage"])
    yield (
        f"- intervals: where it predicts about {in_words(least['predicted'])}, "
        f"{least['coverage']:.1%} of the right numbers are within ({least['count']:,} examples)"
    )
    if evaluation.tables["robustness"]:
        _, *corrupted = evaluation.tables["robustness"]
        worst = max(corrupted, key=lambda row: row["mae"])
        yield (
            f"- corrupted examples ({evaluation.summary['num_corrupted']:,} of them): mean "
            f"absolute error {in_words(evaluation.summary['mae_corrupted'])} on average over kinds "
            f"and strengths; worst {worst['corruption']} at strength {worst['strength']}: "
            f"{in_words(worst['mae'])}"
        )
    yield ""
    yield (
        "The weakest of many is weak by chance too. All of them are in "
        "`model/error_by_slice.csv`, `model/bins.csv` and `model/error_by_corruption.csv`, its "
        "largest errors in `model/mistakes.png`."
    )


def _error(row: Mapping[str, Any]) -> str:
    low, high = in_words(row["low"]), in_words(row["high"])
    return (
        f"mean absolute error {in_words(row['mae'])} ({low} to {high}, {row['count']:,} examples)"
    )


def validation(about: Mapping[str, Any]) -> str:
    return f"loss {about['val_loss']:.4f}"


def limits() -> Iterator[str]:
    yield "- It says a number of whatever an example is, also far from all that it has learnt from."
    yield "- The intervals hold their share on average over examples, not for each kind of them."


def csv_tables(evaluation: EvaluationTables) -> dict[str, tuple[Sequence[str], TableRows]]:
    return {
        name: (columns, evaluation.tables[OTHERWISE_NAMED.get(name, name)])
        for name, columns in COLUMNS.items()
    }


def draw(evaluation: EvaluationTables, folder: Path) -> None:
    tables, level = evaluation.tables, evaluation.summary["interval_level"]
    figures.predicted(tables["points"], level, folder / "predicted.png")
    figures.residuals(tables["points"], folder / "residuals.png")
    figures.coverage(tables["bins"], level, folder / "coverage.png")
    figures.slices(tables["slices"], folder / "slices.png")
    if tables["robustness"]:
        figures.robustness(tables["robustness"], folder / "robustness.png")


def mistakes(evaluation: EvaluationTables, most: int) -> Mistakes:
    rows = evaluation.tables["mistakes"][:most]
    return Mistakes(
        ids=[row["id"] for row in rows],
        captions=[
            f"is {in_words(row['target'])}\nsaid {in_words(row['predicted'])}" for row in rows
        ],
        title=f"the {len(rows)} largest errors in {evaluation.num_examples} test examples",
    )
