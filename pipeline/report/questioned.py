"""Lines of the model card that put the model in question: baselines, gaps, contributions."""

from collections.abc import Iterator, Mapping
from typing import Any

from pipeline.reporting.markdown import as_table, code, plain
from pipeline.targets.protocols.card import EvaluationTables

MAX_GAPS = 8
MAX_INPUTS = 10


def beside_baselines(evaluation: EvaluationTables) -> Iterator[str]:
    """The model and each baseline in one table, with whether the difference is sure."""
    rows = evaluation.tables["baselines"]
    if not rows:
        return
    names = list(dict.fromkeys(row["baseline"] for row in rows))
    by_metric: dict[str, dict[str, Mapping[str, Any]]] = {}
    for row in rows:
        by_metric.setdefault(row["metric"], {})[row["baseline"]] = row
    yield ""
    yield "Beside baselines that were fitted to the same training examples:"
    yield ""
    shown = []
    for metric, found in by_metric.items():
        strongest = found[names[0]]
        shown.append(
            [
                plain(metric),
                f"{strongest['model']:.4f}",
                *(f"{found[name]['value']:.4f}" for name in names),
                f"{strongest['difference']:+.4f} ({strongest['low']:+.4f} to "
                f"{strongest['high']:+.4f}): {strongest['model_is']}",
            ]
        )
    head = ["metric", "this model", *names, f"difference to {names[0]}, and whether it is better"]
    yield from as_table(head, shown)
    yield ""
    timed = [row for row in rows if row["diebold_mariano"] is not None]
    if timed:
        row = timed[0]
        yield (
            f"Intervals are by blocks of consecutive times; Diebold and Mariano's t of "
            f"{plain(row['metric'])} against {row['baseline']} is {row['diebold_mariano']:+.2f}."
        )
    first = rows[0]
    if first["model_is"] != "better":
        yield f"The model is not surely better than the baseline {first['baseline']}."


def gaps(evaluation: EvaluationTables) -> Iterator[str]:
    """The largest gaps between slices of the columns that the entry names."""
    rows = [row for row in evaluation.tables["gaps"] if row["value"] is None]
    if not rows:
        return
    yield ""
    yield "Gaps between slices, the largest less the least, with 95 % intervals:"
    yield ""
    rows.sort(key=lambda row: -row["low"])
    shown = [
        [
            plain(row["column"]),
            plain(row["rate"]),
            f"{row['mean']:.4f}",
            f"{row['low']:.4f} to {row['high']:.4f}",
        ]
        for row in rows[:MAX_GAPS]
    ]
    yield from as_table(["column", "rate", "gap", "95 % interval"], shown)
    yield ""
    yield "A gap of few examples is large by chance too; all slices are in `model/gaps.csv`."


def contributions(evaluation: EvaluationTables) -> Iterator[str]:
    """How much worse the model is without an input, for those that count most."""
    rows = evaluation.tables["importance"][:MAX_INPUTS]
    if not rows:
        return
    yield "How much the loss on test grows once the values of an input are permuted:"
    yield ""
    shown = [
        [code(row["input"]), f"{row['loss_grows']:+.4f}", f"{row['spread']:.4f}"] for row in rows
    ]
    yield from as_table(["input", "loss grows by", "spread"], shown)
    yield ""
    yield (
        "Inputs that say the same share what they contribute. What is said on average by value of "
        "the first six is in `model/dependence.csv`; `groundwork predict --explain` does it for "
        "one row."
    )


def not_promised(evaluation: EvaluationTables) -> Iterator[str]:
    """What the figures do not promise, though people might think so."""
    tables = evaluation.tables
    if tables["importance"]:
        yield (
            "- It is no diagnosis and no decision about a person: someone decides who can question "
            "it."
        )
        yield "- What inputs contribute to its answers are no causes of what they are about."
    if any(row["diebold_mariano"] is not None for row in tables["baselines"]):
        yield "- It was right about the past: that is no promise of profit, nor of the future."
    if tables["gaps"]:
        yield (
            "- Gaps between slices are figures of this test split: no certificate of fairness, "
            "and small slices may hide large ones."
        )
