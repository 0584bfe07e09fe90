"""A row for each column of the table: what is wrong with it, by itself and since the profile."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.dataset.arrays import sample_rows
from pipeline.dataset.expectations.distances import (
    FORMULAS,
    total_variation,
    variation_by_chance,
)
from pipeline.dataset.expectations.drift import SIGMAS, Profile
from pipeline.dataset.expectations.moments import num_groups
from pipeline.dataset.expectations.rules import Rule, at_most, each, since_profile
from pipeline.modalities.tables.checks.cells import cells_of, input_columns
from pipeline.modalities.tables.checks.counts import (
    MAX_VALUES,
    heaps,
    heaps_before,
    known_columns,
    range_before,
    shares_missing,
    value_counts,
    values_before,
)
from pipeline.modalities.tables.content.matrix import MISSING
from pipeline.modalities.tables.content.telling import ranks_alike, tells

MAX_ROWS = 100_000
"""Looked at for what tells the label."""
MAX_UNKNOWN = 0.01
"""The share of rows that may have categories that were not there before."""
MAX_OUTSIDE = 0.01
MAX_MORE_MISSING = 0.05
MAX_HEAPED = 0.05
"""The share of rows that may have one number, as a placeholder or a stuck sensor writes it."""
STRETCH = 0.5
"""The share of the profile's range by which values may lie outside of it."""
MANY_LABELS = 20


def column_table(
    table: pd.DataFrame, content: Mapping[str, Any], before: Profile | None
) -> pd.DataFrame:
    """Columns: id; tells (it tells the label alone); constant; unseen (share of val and test rows
    with a category that train lacks); and with a profile: is_new, more_missing (share of rows, less
    what chance does), unknown and outside (shares of rows with a new category, or beyond the
    range), heaped (by how large a share of the rows one number is more frequent) and moved (total
    variation of categories), both 0 where chance alone may do it."""
    cells = cells_of(table, input_columns(content))
    rows = sample_rows(len(table), MAX_ROWS)
    is_train = (table["split"] == "train").to_numpy()
    found = []
    for place, name in enumerate(cells.number_names):
        values = cells.numbers[:, place]
        row = {
            "id": name,
            "tells": _tells(values[rows], table["label"].to_numpy()[rows]),
            "constant": len(np.unique(values)) < 2,
            "unseen": 0.0,
        }
        if before is not None:
            row |= {
                "outside": _outside(values, range_before(before, name)),
                "heaped": _heaped(values, heaps_before(before, name), num_groups(table), before),
            }
        found.append(row)
    for name, texts in zip(cells.text_names, cells.texts, strict=True):
        column = np.array(texts, object)
        row = {
            "id": name,
            "tells": _tells(column[rows], table["label"].to_numpy()[rows]),
            "constant": len(set(texts)) < 2,
            "unseen": _share_unknown(column[~is_train], {*column[is_train]}),
        }
        if before is not None:
            row |= _since(column, texts, values_before(before, name), num_groups(table), before)
        found.append(row)
    result = pd.DataFrame(found, columns=_columns(before))
    if before is not None:
        result = _with_missing(result, cells, before, table)
    return result


def _columns(before: Profile | None) -> list[str]:
    since = ["outside", "heaped", "unknown", "moved"] if before is not None else []
    return ["id", "tells", "constant", "unseen", *since]


def column_rules(before: Profile | None, max_drift: float) -> list[Rule]:
    """About the table of columns."""
    rules = [
        each("no column tells the label by itself", "tells", False, "warning"),
        each("no column is the same in all rows", "constant", False, "warning"),
        at_most("hardly a row of val and test has a category new to it", "unseen", MAX_UNKNOWN),
    ]
    if before is None:
        return rules
    moved = f"categories are as frequent as in the profile ({FORMULAS['total variation']})"
    return [
        *rules,
        since_profile(each("columns are those of the profile", "is_new", False, "warning")),
        since_profile(
            at_most("no more is missing than in the profile", "more_missing", MAX_MORE_MISSING)
        ),
        since_profile(at_most("categories are known to the profile", "unknown", MAX_UNKNOWN)),
        since_profile(at_most("numbers are within the profile's range", "outside", MAX_OUTSIDE)),
        since_profile(
            at_most("no number is much more frequent than in the profile", "heaped", MAX_HEAPED)
        ),
        since_profile(at_most(moved, "moved", max_drift)),
    ]


def _tells(values: NDArray[Any], labels: NDArray[Any]) -> bool:
    there = np.array([label is not None and label == label for label in labels.tolist()])
    if not there.any():
        return False
    own = labels[there]
    if own.dtype.kind == "f" or (own.dtype.kind == "O" and isinstance(own[0], float)):
        numbers = own.astype(np.float64)
        if len(np.unique(numbers)) > MANY_LABELS:
            is_number = values.dtype.kind == "f"
            return is_number and ranks_alike(values[there], numbers) is not None
    kept = values[there]
    return tells(kept if kept.dtype.kind == "f" else kept.tolist(), own.tolist()) is not None


def _share_unknown(texts: NDArray[Any], known: set[str]) -> float:
    """Share of rows with a text that is none of the known; missing is known."""
    if not len(texts):
        return 0.0
    return float(np.mean([text not in known and text != MISSING for text in texts.tolist()]))


def _outside(values: NDArray[np.float64], limits: tuple[float, float] | None) -> float:
    there = values[np.isfinite(values)]
    if limits is None or not len(there):
        return 0.0
    low, high = limits
    stretch = STRETCH * max(high - low, abs(high) * 1e-9)
    return float(((there < low - stretch) | (there > high + stretch)).mean())


def _heaped(
    values: NDArray[np.float64], known: Mapping[str, float], num: int, before: Profile
) -> float:
    """How much the share of one number has risen, beyond what chance may do.

    A number that the profile does not name was no more frequent than the rarest that it names.
    """
    there = values[np.isfinite(values)]
    if not known or not len(there):
        return 0.0
    rarest = min(known.values())
    inverse = 1 / max(num, 1) + 1 / max(before["groups"], 1)
    more = [0.0]
    for value, share in heaps(there).items():
        was = known.get(f"{value:g}", rarest)
        more.append(share - was - SIGMAS * np.sqrt(max(was * (1 - was), 0.01) * inverse))
    return max(more)


def _since(
    column: NDArray[Any],
    texts: Sequence[str],
    known: Mapping[str, int],
    num: int,
    before: Profile,
) -> dict[str, float]:
    """How far a category is from what the profile has of it."""
    if not known or len(known) >= MAX_VALUES:
        return {"unknown": 0.0, "moved": 0.0}
    now = value_counts(texts)
    names = sorted({*known, *now})
    counts = (
        np.array([now.get(name, 0) for name in names]),
        np.array([known.get(name, 0) for name in names]),
    )
    moved = total_variation(*counts)
    by_chance = variation_by_chance(num, before["groups"], len(names), SIGMAS)
    return {
        "unknown": _share_unknown(column, {*known}),
        "moved": moved if moved > by_chance else 0.0,
    }


def _with_missing(
    result: pd.DataFrame, cells: Any, before: Profile, table: pd.DataFrame
) -> pd.DataFrame:
    """Add is_new and more_missing, and a row for each column that is gone."""
    known = known_columns(before)
    now = shares_missing(cells)
    inverse = 1 / max(num_groups(table), 1) + 1 / max(before["groups"], 1)
    more = []
    for name in result["id"]:
        share, was = now[name], known.get(name, now[name])
        spread = SIGMAS * np.sqrt(max(was * (1 - was), 0.01) * inverse)
        more.append(max(0.0, share - was - spread))
    result = result.assign(is_new=[name not in known for name in result["id"]], more_missing=more)
    gone = pd.DataFrame(
        [
            {"id": name, "tells": False, "constant": False, "unseen": 0.0, "is_new": True}
            for name in sorted({*known} - {*now})
        ],
        columns=result.columns,
    )
    both = pd.concat([result, gone], ignore_index=True) if len(gone) else result
    numeric = ["unseen", "outside", "heaped", "unknown", "moved", "more_missing"]
    both[numeric] = both[numeric].astype(float).fillna(0.0)
    return both.astype({"tells": bool, "constant": bool, "is_new": bool})
