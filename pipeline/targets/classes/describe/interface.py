"""The names of targets/protocols/describe.py, for classes."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.dataset.randomness import id_keys, uniform
from pipeline.dataset.review.queue import BY_MODELS, BY_PEOPLE
from pipeline.targets.classes.describe.card import counts, label_check, reliability
from pipeline.targets.classes.describe.suspected import draw_suspected, suspected_lists
from pipeline.targets.protocols.labels import TargetIndex

__all__ = ["counts", "draw_suspected", "label_check", "reliability", "suspected_lists"]

TASK = "classification"
NOUN = "class"
FIELDS = {
    "label": ("sc:Text", "Class name, as cleaned."),
    "label_given": ("sc:Text", "Class name, as the source has it."),
}
SHEET = ("classes", "some training examples of each class")
LISTS = {
    "label_noise": ("noise", 6),
    "annotators": ("annotators", 6),
    "agreement": ("agreement", 6),
    "relabel_queue": ("relabel_queue", 6),
}
MAX_KEYWORDS = 50
SHEET_CLASSES, SHEET_COLUMNS = 20, 10
JUDGES = {BY_MODELS: "Models that have not seen it", BY_PEOPLE: "People together"}


def summary(index: TargetIndex) -> str:
    return f"{len(index['classes'])} classes"


def keywords(index: TargetIndex) -> list[str]:
    return list(index["classes"][:MAX_KEYWORDS])


def sheet(table: pa.Table, index: TargetIndex) -> dict[str, list[str]]:
    """Some training examples of each class, chosen by a hash of their id."""
    ids = table["id"].to_pylist()
    draw = uniform(id_keys(ids), 0, "contact sheet")
    labels = np.array(table["label"].to_pylist(), dtype=object)
    in_train = np.array(table["split"].to_pylist(), dtype=object) == "train"
    chosen = {}
    for name in index["classes"][:SHEET_CLASSES]:
        rows = np.flatnonzero((labels == name) & in_train)
        if len(rows):
            first = rows[np.argsort(draw[rows], kind="stable")][:SHEET_COLUMNS]
            chosen[name] = [ids[row] for row in first]
    return chosen


def in_words(label: str) -> str:
    return label


def of_shard(y: Any, index: TargetIndex) -> str:
    name: str = index["classes"][y]
    return name


def doubt(row: Mapping[str, Any]) -> str:
    return f"given {row['given']}\nlooks like {row['proposed']}"


def choices(index: TargetIndex) -> list[str]:
    return list(index["classes"])


def why(reason: str, item: Mapping[str, Any]) -> str:
    if reason == "annotators":
        votes = ", ".join(f"{vote['count']} {vote['label']}" for vote in item["votes"])
        return f"People do not agree: {votes}."
    judges, given, proposed = JUDGES[item["judges"]], item["given"], item["proposed"]
    if item["label_quality"] is None:
        return f"{judges} say {proposed}."
    chance = f"{given} is right with a probability of {item['label_quality']:.0%}."
    if proposed == given:
        return f"{judges} are unsure: {chance}"
    return f"{judges} say {proposed}; {chance}"
