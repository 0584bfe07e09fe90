"""Gaps between slices: figures of the examples of each value of a column, and their range.

A rate is a mean over some examples of a slice, such as the share found of those that are ill (equal
opportunity: Hardt et al. 2016). The gap of a rate is its largest less its least value over slices,
as fairlearn's `MetricFrame.difference()`; its interval is the bootstrap's, by whole groups.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy import sparse  # type: ignore[import-untyped]

from pipeline.dataset.arrays import Float64
from pipeline.targets.bootstrap import Owners, bootstrap_sums, percentile_interval

MIN_EXAMPLES = 10
"""Least number of examples of a rate; a slice with fewer is left out."""
MAX_VALUES = 20
NUM_BINS = 4
NUM_RESAMPLES = 2_000

SCHEMA = pa.schema(
    [
        ("column", pa.string()),
        ("value", pa.string()),  # null in the row of the gap
        ("rate", pa.string()),
        ("count", pa.int64()),  # examples over which the rate is a mean
        ("mean", pa.float64()),
        ("low", pa.float64()),
        ("high", pa.float64()),
    ]
)
"""Schema of the table `gaps` of data/evaluation."""


class Rate(NamedTuple):
    """A mean over some examples."""

    name: str
    values: Float64
    """Value of each example, `(N,)`."""
    among: NDArray[np.bool_]
    """Mask of the examples that count, `(N,)`."""


def parts_of(values: Sequence[str | None]) -> dict[str, NDArray[np.bool_]]:
    """Masks of the examples of each value, `(N,)` each; many numbers are cut into quarters.

    Values beyond the MAX_VALUES most frequent ones are left out, and so are missing ones.
    """
    texts = np.array(["" if value is None else value for value in values], object)
    known = texts != ""
    different, counts = np.unique(texts[known].astype(str), return_counts=True)
    numbers = _as_numbers(texts, known) if len(different) > MAX_VALUES else None
    if numbers is not None:
        return _quarters(numbers, known)
    most = different[np.argsort(-counts, kind="stable")[:MAX_VALUES]]
    return {str(value): texts == value for value in sorted(most)}


def _as_numbers(texts: NDArray, known: NDArray[np.bool_]) -> Float64 | None:
    numbers = np.full(len(texts), np.nan)
    try:
        numbers[known] = texts[known].astype(np.float64)
    except ValueError:
        return None
    return numbers


def _quarters(numbers: Float64, known: NDArray[np.bool_]) -> dict[str, NDArray[np.bool_]]:
    edges = np.unique(np.quantile(numbers[known], np.linspace(0, 1, NUM_BINS + 1)))
    parts = {}
    for number, (low, high) in enumerate(pairwise(edges.tolist())):
        is_last = number == len(edges) - 2
        inside = known & (numbers >= low) & ((numbers <= high) if is_last else (numbers < high))
        parts[f"{low:.4g} to {high:.4g}"] = inside
    return parts


def gaps_table(
    values: Mapping[str, Sequence[str | None]],
    rates: Sequence[Rate],
    owners: Owners | None,
    seed: int = 0,
) -> pa.Table:
    """Every rate in every slice of every column, and the gap between slices, in SCHEMA."""
    rows: list[dict[str, Any]] = []
    for column, texts in values.items():
        parts = parts_of(texts)
        for rate in rates:
            rows += [{"column": column} | row for row in _of_rate(rate, parts, owners, seed)]
    return pa.Table.from_pylist(rows, SCHEMA)


def _of_rate(
    rate: Rate, parts: Mapping[str, NDArray[np.bool_]], owners: Owners | None, seed: int
) -> list[dict[str, Any]]:
    inside = {value: part & rate.among for value, part in parts.items()}
    inside = {value: part for value, part in inside.items() if part.sum() >= MIN_EXAMPLES}
    if not inside:
        return []
    members = np.stack(list(inside.values()), 1).astype(np.float64)
    both = np.hstack([members * rate.values[:, None], members])
    drawn = bootstrap_sums(sparse.csr_array(both), seed, owners, NUM_RESAMPLES)
    sums, counts = np.split(both.sum(0), 2)
    drawn_sums, drawn_counts = np.split(drawn, 2, axis=1)
    with np.errstate(invalid="ignore"):
        resampled = np.where(drawn_counts > 0, drawn_sums / drawn_counts, np.nan)
    means = sums / counts
    rows = [
        {
            "value": value,
            "rate": rate.name,
            "count": int(counts[place]),
            "mean": float(means[place]),
        }
        | _ends(resampled[:, place])
        for place, value in enumerate(inside)
    ]
    if len(inside) > 1:
        spread = np.nanmax(resampled, 1) - np.nanmin(resampled, 1)
        gap = float(means.max() - means.min())
        about = {"value": None, "rate": rate.name, "count": int(counts.sum()), "mean": gap}
        rows.append({**about, **_ends(spread)})
    return rows


def _ends(resampled: Float64) -> dict[str, float]:
    low, high = percentile_interval(resampled[np.isfinite(resampled)])
    return {"low": low, "high": high}
