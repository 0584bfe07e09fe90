"""Learns the preparation: moments and quantiles of numbers, values of categories."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.modalities.tables.content.columns import IS_NUMERIC, TableColumn
from pipeline.modalities.tables.content.matrix import MISSING, Matrix

NUM_EDGES = 33
MAX_VALUES = 1000
"""Different values of a category that are kept; rarer ones are unknown."""


def learn(parts: Iterable[Matrix], columns: Sequence[TableColumn]) -> dict[str, Any]:
    """Learn `numbers` and `categories` of a preparation from parts of the training rows.

    A number has the mean, the standard deviation and up to NUM_EDGES distinct quantiles, with the
    least and the greatest; 0, 1 and none if all are missing.
    """
    numeric = [column.name for column in columns if IS_NUMERIC[column.kind]]
    others = [column.name for column in columns if not IS_NUMERIC[column.kind]]
    numbers: list[NDArray[np.float64]] = [np.zeros((0, len(numeric)))]
    counts: list[Counter[str]] = [Counter() for _ in others]
    for part in parts:
        numbers.append(part.numbers)
        for counter, texts in zip(counts, part.texts, strict=True):
            counter.update(texts)
    values = np.concatenate(numbers)
    return {
        "numbers": [
            {"name": name, **_moments(values[:, place])} for place, name in enumerate(numeric)
        ],
        "categories": [
            {"name": name, "values": by_frequency(counter)}
            for name, counter in zip(others, counts, strict=True)
        ],
    }


def _moments(values: NDArray[np.float64]) -> dict[str, Any]:
    there = np.sort(values[np.isfinite(values)])  # sums depend on their order
    if not len(there):
        return {"mean": 0.0, "std": 1.0, "quantiles": []}
    edges = np.quantile(there, np.linspace(0, 1, NUM_EDGES), method="nearest")
    scale = max(float(np.abs(there).max()), 1e-300)
    std = float((there / scale).std()) * scale
    mean = float((there / scale).mean()) * scale
    return {"mean": mean, "std": std or 1.0, "quantiles": np.unique(edges).tolist()}


def by_frequency(counts: Counter[str]) -> list[str]:
    """The distinct values of a category, the most frequent first, equally frequent ones by name."""
    found = [text for text in counts if text != MISSING]
    return sorted(found, key=lambda text: (-counts[text], text))[:MAX_VALUES]
