"""The names of targets/protocols/card.py, for rankings."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pipeline.reporting.markdown import code, plain
from pipeline.targets.protocols.card import EvaluationTables, Mistakes, TableRows
from pipeline.targets.protocols.labels import TargetIndex
from pipeline.targets.ranking.card import figures
from pipeline.targets.ranking.labels.reading import ITEMS

TABLES = ("intervals", "slices", "cold", "robustness", "places", "mistakes")
TASK = "ranking"
HUB_METRICS = ("ndcg_at_10", "recall_at_20")
ANSWERS = ("the ten best new items, and why each", "up to a hundred, a JSON object a line")
COLUMNS = {
    "intervals": ["metric", "value", "low", "high"],
    "ndcg_by_slice": ["slice", "rule", "count", "ndcg_10", "low", "high"],
    "cold": ["part", "count", "ndcg_10", "low", "high"],
    "places": ["place", "count"],
}
OTHERWISE_NAMED = {"ndcg_by_slice": "slices"}


def answer(index: TargetIndex) -> str:
    return (
        f"It lists the best of {len(index[ITEMS])} items for a user, without those that the user "
        "had, and says which of these decided."
    )


def notes(evaluation: EvaluationTables) -> Iterator[str]:
    yield (
        f"- means over {evaluation.summary['num_users']:,} users; all items are ranked, none is "
        "sampled, and what a user had is left out"
    )
    yield (
        "- `ndcg_10` is 1 where all that was taken heads the list; `recall_20` is the share of it "
        "among the first 20; `coverage` the share of items in anybody's first ten"
    )
    yield (
        f"- `popularity_bias`: items in people's first ten have "
        f"{evaluation.summary['popularity_bias']:.2f} times as many events as those that they took"
    )


def weaknesses(evaluation: EvaluationTables) -> Iterator[str]:
    slices = evaluation.tables["slices"]
    yield f"- all events: {_ndcg(slices[0])}"
    if len(slices) > 1:
        worst = min(slices[1:], key=lambda row: row["ndcg_10"])
        yield f"- part of the events: {code(worst['slice'])} {_ndcg(worst)}, {plain(worst['rule'])}"
    for row in evaluation.tables["cold"]:
        if row["count"]:
            yield f"- {plain(row['part'])}: {_ndcg(row)}"
    for row in evaluation.tables["robustness"][1:]:
        yield f"- if {plain(row['corruption'])}: {_ndcg(row)} of those that were asked again"
    yield ""
    yield (
        "The weakest of many is weak by chance too. All of them are in `model/ndcg_by_slice.csv` "
        "and `model/cold.csv`."
    )


def _ndcg(row: Mapping[str, Any]) -> str:
    return f"NDCG@10 {row['ndcg_10']:.4f} ({row['low']:.4f} to {row['high']:.4f}" + (
        f", {row['count']:,} events)" if "count" in row else ")"
    )


def validation(about: Mapping[str, Any]) -> str:
    return f"NDCG@10 {about['val_ndcg_10']:.4f}"


def limits() -> Iterator[str]:
    yield "- What people took before decides: it shows them more of it, and of what is popular."
    yield "- What was never shown to anybody was never taken: the figures do not know of it."


def csv_tables(evaluation: EvaluationTables) -> dict[str, tuple[Sequence[str], TableRows]]:
    return {
        name: (columns, evaluation.tables[OTHERWISE_NAMED.get(name, name)])
        for name, columns in COLUMNS.items()
    }


def draw(evaluation: EvaluationTables, folder: Path) -> None:
    tables = evaluation.tables
    figures.places(tables["places"], evaluation.num_examples, folder / "places.png")
    figures.parts(tables["slices"], "slice", folder / "slices.png")
    if tables["cold"]:
        figures.parts(tables["cold"], "part", folder / "cold.png")


def mistakes(evaluation: EvaluationTables, most: int) -> Mistakes:
    rows = evaluation.tables["mistakes"][:most]
    return Mistakes(
        ids=[row["id"] for row in rows],
        captions=[
            f"took {row['item']}\n{'place ' + str(row['place']) if row['place'] else 'not listed'}"
            for row in rows
        ],
        title=f"{len(rows)} of {evaluation.num_examples} test events that are listed last",
    )
