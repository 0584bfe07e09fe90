"""Quantities of a dataset before a run: from the last ingest, or from its catalog entry."""

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from pipeline.dataset.catalog import entry_path
from pipeline.dataset.places import RAW
from pipeline.dataset.table import read_index
from pipeline.runtime.errors import MissingInput
from pipeline.runtime.stage import INDEX

# The first line of an entry, as `groundwork add` writes it.
HEADLINE = re.compile(r"# ([\d,]+) examples, (.*)")
SIZE, CHANNELS = re.compile(r"(\d+) x (\d+)"), re.compile(r"(\d+) channels?\b")
ITEMS = re.compile(r"(\d+) items\b")


class Quantities(NamedTuple):
    """Quantities of a dataset, each one or several numbers, by the names that recipes use."""

    source: Path
    quantities: dict[str, Sequence[float]]

    def __str__(self) -> str:
        shown = {name: " x ".join(map(str, values)) for name, values in self.quantities.items()}
        return ", ".join(f"{name} {text}" for name, text in shown.items()) + f" ({self.source})"


def look(dataset: str, entry: Mapping[str, Any]) -> Quantities | None:
    """Read the quantities from data/raw, if it has the dataset, or from the entry; else None.

    `entry` is the content of the catalog entry.
    """
    with suppress(MissingInput):
        index = read_index(RAW)
        if index.get("dataset") == dataset:
            content = index.get("content", {})
            found = {"examples": index["examples"], **content.get("options", {}), **content}
            return Quantities(RAW / INDEX, _numbers(found))
    path = entry_path(dataset)
    headline = HEADLINE.match(path.read_text(encoding="utf-8"))
    if not headline:
        return None
    quantities: dict[str, Any] = {"examples": int(headline[1].replace(",", ""))}
    if sizes := SIZE.findall(headline[2]):
        quantities["image_size"] = [int(side) for size in sizes for side in size]
    if channels := CHANNELS.search(headline[2]):
        quantities["channels"] = int(channels[1])
    if items := ITEMS.search(headline[2]):
        quantities["num_items"] = int(items[1])
    return Quantities(
        path, _numbers(quantities | {k: v for k, v in entry.items() if k in quantities})
    )


def _numbers(content: Mapping[str, Any]) -> dict[str, Sequence[float]]:
    """The values of `content` that are one or several numbers."""
    several = {name: v if isinstance(v, list) else [v] for name, v in content.items()}
    return {
        name: values
        for name, values in several.items()
        if values and all(isinstance(value, int | float) for value in values)
    }
