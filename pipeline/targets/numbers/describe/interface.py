"""The names of targets/protocols/describe.py, for numbers."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.dataset.randomness import id_keys, uniform
from pipeline.dataset.review.queue import BY_MODELS, BY_PEOPLE
from pipeline.dataset.table import SPLITS
from pipeline.reporting.markdown import as_table
from pipeline.targets.numbers.measures.scale import from_y
from pipeline.targets.numbers.measures.scale import in_words as number_in_words
from pipeline.targets.protocols.labels import TargetIndex

TASK = "regression"
NOUN = "number"
FIELDS = {
    "target": ("sc:Float", "The number to be estimated, as cleaned."),
    "target_given": ("sc:Float", "The number to be estimated, as the source has it."),
}
SHEET = ("numbers", "some training examples by their numbers, from the lowest to the highest")
LISTS: dict[str, tuple[str, int]] = {}
BANDS, SHEET_COLUMNS = ("lowest", "low", "middle", "high", "highest"), 10
QUANTILES = {"least": 0.0, "5 %": 0.05, "median": 0.5, "95 %": 0.95, "most": 1.0}
JUDGES = {BY_MODELS: "Models that have not seen it", BY_PEOPLE: "People together"}


def summary(index: TargetIndex) -> str:
    return "a number each"


def keywords(index: TargetIndex) -> list[str]:
    return []


def counts(table: pa.Table, index: TargetIndex) -> Iterator[str]:
    values, split = np.asarray(table["target"], np.float64), np.array(table["split"].to_pylist())
    yield f"{len(values):,} examples, each with a number."
    yield ""
    rows = []
    for name in (*SPLITS, "**all**"):
        some = values[split == name] if name in SPLITS else values
        if len(some):
            shown = [some.mean(), some.std(), *np.quantile(some, list(QUANTILES.values()))]
            rows.append([name, len(some), *map(number_in_words, shown)])
    yield from as_table(["split", "examples", "mean", "deviation", *QUANTILES], rows)


def label_check(labels: Mapping[str, Any]) -> Iterator[str]:
    if "label_issues" in labels:
        yield f"- suspected wrong numbers: {labels['label_issues']:,}"
    yield f"- given another number: {labels['relabelled']:,}"
    yield f"- decided by people: {labels['decisions']:,}"
    if "estimated_noise_rate" in labels:
        yield f"- estimated share of wrong numbers: {labels['estimated_noise_rate']:.1%}"
    yield from reliability(labels)


def reliability(labels: Mapping[str, Any]) -> Iterator[str]:
    """Lines on the reliability of the label check's models; none without models."""
    if "out_of_fold_accuracy" not in labels:
        return
    yield (
        f"- models explain {labels['out_of_fold_accuracy']:.1%} of how numbers that they have not "
        "seen vary"
    )
    if labels["label_check_trusted"]:
        yield f"- of the suspected numbers some {labels['suspects_wrong']:.0%} are wrong"
    elif labels.get("label_issues"):
        yield (
            "- suspected numbers that several people do not confirm count as they are: what models "
            "suspect here may be mistakes of their own"
        )


def sheet(table: pa.Table, index: TargetIndex) -> dict[str, list[str]]:
    """Some training examples of each fifth of the numbers, chosen by a hash of their id."""
    ids, values = table["id"].to_pylist(), table["target"].to_pylist()
    in_train = [split == "train" for split in table["split"].to_pylist()]
    order = sorted(np.flatnonzero(in_train).tolist(), key=lambda row: (values[row], ids[row]))
    draw = uniform(id_keys(ids), 0, "contact sheet")
    chosen = {}
    fifths = np.array_split(np.array(order, np.int64), len(BANDS))
    for name, rows in zip(BANDS, fifths, strict=True):
        if len(rows):
            first = rows[np.argsort(draw[rows], kind="stable")][:SHEET_COLUMNS]
            chosen[name] = [ids[row] for row in first]
    return chosen


def in_words(label: float) -> str:
    return number_in_words(label)


def of_shard(y: Any, index: TargetIndex) -> str:
    return number_in_words(float(from_y(y, index)))


def doubt(row: Mapping[str, Any]) -> str:
    return f"given {row['given']}\nlooks like {row['proposed']}"


def suspected_lists(suspected: pa.Table, index: TargetIndex) -> dict[str, pa.Table]:
    return {}


def draw_suspected(suspected: pa.Table, index: TargetIndex, folder: Path) -> None:
    from pipeline.targets.numbers.drawing.pairs import pairs

    given, proposed = (
        [float(text) for text in suspected[name].to_pylist()] for name in ("given", "proposed")
    )
    path = folder / "label_errors.png"
    pairs(proposed, given, path, x_label="looks like", y_label="given")


def choices(index: TargetIndex) -> list[str]:
    return []


def why(reason: str, item: Mapping[str, Any]) -> str:
    if reason == "annotators":
        votes = ", ".join(f"{vote['count']} say {vote['label']}" for vote in item["votes"])
        return f"People do not agree: {votes}."
    given, proposed = item["given"], item["proposed"]
    if item["label_quality"] is None:
        return f"{JUDGES[item['judges']]} say about {proposed}."
    return (
        f"{JUDGES[item['judges']]} say about {proposed}; that {given} is right has a probability "
        f"of {item['label_quality']:.0%}."
    )
