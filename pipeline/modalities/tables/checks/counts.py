"""The part of a profile on the columns of a table: writes and reads it.

`column <name>.missing` is a share; `column <name>.low` and `.high` are the 0.1 and 99.9 % quantiles
of a number; `category <name>=<value>` counts a value that is not rare, `heap <name>=<value>` is the
share of one of the most frequent values of a number.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.dataset.expectations.drift import Profile
from pipeline.modalities.tables.content.matrix import MISSING, Matrix

MAX_VALUES = 200
"""Most values of a category; one with more has no counts in the profile."""
MISSING_SHARE, LOW, HIGH = ".missing", ".low", ".high"
COLUMN, CATEGORY, HEAP = "column ", "category ", "heap "
MAX_HEAPS = 5
ENDS = (0.001, 0.999)


def column_profile(cells: Matrix) -> dict[str, int | float]:
    """Make the part of a profile on the columns."""
    found: dict[str, int | float] = {}
    for name, share in shares_missing(cells).items():
        found[f"{COLUMN}{name}{MISSING_SHARE}"] = share
    for place, name in enumerate(cells.number_names):
        there = cells.numbers[:, place][np.isfinite(cells.numbers[:, place])]
        if len(there):
            low, high = np.quantile(there, ENDS, method="nearest").tolist()
            found |= {f"{COLUMN}{name}{LOW}": low, f"{COLUMN}{name}{HIGH}": high}
            found |= {f"{HEAP}{name}={value:g}": share for value, share in heaps(there).items()}
    for name, texts in zip(cells.text_names, cells.texts, strict=True):
        counts = value_counts(texts)
        if len(counts) < MAX_VALUES:
            found |= {f"{CATEGORY}{name}={text}": n for text, n in sorted(counts.items())}
    return found


def heaps(numbers: NDArray[np.float64]) -> dict[float, float]:
    """The most frequent of N numbers, at most MAX_HEAPS, and the share of each, 0 to 1."""
    values, counts = np.unique(numbers, return_counts=True)
    most = np.argsort(-counts, kind="stable")[:MAX_HEAPS]
    return {float(values[n]): float(counts[n] / len(numbers)) for n in most}


def value_counts(texts: Sequence[str]) -> dict[str, int]:
    """Count each value, without missing ones."""
    counts = Counter(texts)
    counts.pop(MISSING, None)
    return dict(counts)


def shares_missing(cells: Matrix) -> dict[str, float]:
    """The share of missing values of each column, 0 to 1."""
    found = {
        name: float((~np.isfinite(cells.numbers[:, place])).mean())
        for place, name in enumerate(cells.number_names)
    }
    for name, texts in zip(cells.text_names, cells.texts, strict=True):
        found[name] = sum(text == MISSING for text in texts) / max(1, len(texts))
    return found


def known_columns(before: Profile) -> dict[str, float]:
    """Columns of the profile, and the missing share of each."""
    return {
        key.removeprefix(COLUMN).removesuffix(MISSING_SHARE): float(share)
        for key, share in before.items()
        if key.startswith(COLUMN) and key.endswith(MISSING_SHARE)
    }


def range_before(before: Profile, name: str) -> tuple[float, float] | None:
    low, high = (before.get(f"{COLUMN}{name}{end}") for end in (LOW, HIGH))
    return None if low is None or high is None else (float(low), float(high))


def heaps_before(before: Profile, name: str) -> dict[str, float]:
    """Shares of the most frequent values of a number, by the text of each."""
    prefix = f"{HEAP}{name}="
    return {key.removeprefix(prefix): n for key, n in before.items() if key.startswith(prefix)}


def values_before(before: Mapping[str, Any], name: str) -> dict[str, int]:
    prefix = f"{CATEGORY}{name}="
    return {key.removeprefix(prefix): n for key, n in before.items() if key.startswith(prefix)}
