"""The names of targets/protocols/describe.py, for rankings."""

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.dataset.randomness import id_keys, uniform
from pipeline.dataset.table import SPLITS
from pipeline.reporting.markdown import as_table, code
from pipeline.targets.protocols.labels import TargetIndex
from pipeline.targets.ranking.labels.reading import COLUMN, ITEMS, TITLES

TASK = "ranking"
NOUN = "item"
FIELDS = {
    "item": ("sc:Text", "Id of the item that was taken."),
    "item_given": ("sc:Text", "The same, as the source has it."),
}
SHEET = ("items", "some training events of the most popular items")
LISTS: dict[str, tuple[str, int]] = {}
SHEET_ITEMS, SHEET_COLUMNS = 8, 5
NUM_LISTED = 10
SHARE = 0.1


def summary(index: TargetIndex) -> str:
    return f"{len(index[ITEMS])} items"


def keywords(index: TargetIndex) -> list[str]:
    return ["recommendation", "implicit feedback"]


def counts(table: pa.Table, index: TargetIndex) -> Iterator[str]:
    """How many events and items the splits have, how popular items are, and how sparse it is."""
    items = np.array(table[COLUMN].to_pylist(), object)
    split = np.array(table["split"].to_pylist(), object)
    yield f"{len(items):,} events, each of one of {len(index[ITEMS]):,} items."
    yield ""
    in_train = Counter(items[split == "train"].tolist())
    rows = []
    for name in (*SPLITS, "**all**"):
        some = items[split == name] if name in SPLITS else items
        if len(some):
            cold = np.mean([item not in in_train for item in some.tolist()])
            rows.append([name, len(some), len({*some.tolist()}), f"{cold:.1%}"])
    head = ["split", "events", "different items", "of items that train does not have"]
    yield from as_table(head, rows)
    yield ""
    ordered = sorted(in_train.values(), reverse=True)
    most = max(1, round(SHARE * len(index[ITEMS])))
    share = sum(ordered[:most]) / max(1, sum(ordered))
    yield f"The most popular tenth of the items has {share:.1%} of the training events."
    pairs = pc.count_distinct(pc.binary_join_element_wise(table["group"], table[COLUMN], "\0"))
    num_users = max(1, pc.count_distinct(table["group"]).as_py())
    filled = pairs.as_py() / (num_users * len(index[ITEMS]))
    yield f"Of all pairs of a user and an item {1 - filled:.2%} have no event (sparsity)."
    yield ""
    titles = index.get(TITLES, {})
    named = sorted(in_train.items(), key=lambda pair: (-pair[1], pair[0]))[:NUM_LISTED]
    shown = [[code(item), code(titles[item]) if item in titles else "", n] for item, n in named]
    yield from as_table(["item", "title", "training events"], shown)


def label_check(labels: Mapping[str, Any]) -> Iterator[str]:
    yield "- events are not judged: what somebody took is no label that could be wrong"
    yield f"- given another item: {labels['relabelled']:,}"
    yield f"- decided by people: {labels['decisions']:,}"
    yield from reliability(labels)


def reliability(labels: Mapping[str, Any]) -> Iterator[str]:
    yield from ()


def sheet(table: pa.Table, index: TargetIndex) -> dict[str, list[str]]:
    """Some training events of the most popular items, chosen by a hash of their id."""
    ids = np.array(table["id"].to_pylist(), object)
    items = np.array(table[COLUMN].to_pylist(), object)
    in_train = np.array(table["split"].to_pylist(), object) == "train"
    draw = uniform(id_keys(ids.tolist()), 0, "contact sheet")
    most = Counter(items[in_train].tolist())
    titles = index.get(TITLES, {})
    chosen = {}
    for item in sorted(most, key=lambda item: (-most[item], item))[:SHEET_ITEMS]:
        rows = np.flatnonzero(in_train & (items == item))
        first = rows[np.argsort(draw[rows], kind="stable")][:SHEET_COLUMNS]
        name = f"{item} {titles[item]}" if item in titles else str(item)
        chosen[name] = [str(id) for id in ids[first]]
    return chosen


def in_words(label: str) -> str:
    return label


def of_shard(y: Any, index: TargetIndex) -> str:
    name: str = index[ITEMS][int(y)]
    return name


def doubt(row: Mapping[str, Any]) -> str:
    return f"given {row['given']}\nlooks like {row['proposed']}"


def suspected_lists(suspected: pa.Table, index: TargetIndex) -> dict[str, pa.Table]:
    return {}


def draw_suspected(suspected: pa.Table, index: TargetIndex, folder: Path) -> None:
    """Nothing is suspected."""


def choices(index: TargetIndex) -> list[str]:
    return []


def why(reason: str, item: Mapping[str, Any]) -> str:
    """Why people look at a user whom a served model was asked about; see commands/collect."""
    if item["proposed"] != item["given"]:
        return f"The list began with {item['given']}, that of the other model {item['proposed']}."
    return f"The list began with {item['given']}, of which the model is unsure."
