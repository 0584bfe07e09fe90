"""How far the data have moved: from an accepted profile, and between the splits.

A change counts when it is more than sampling error (SIGMAS standard errors), and its size is given
in units that mean the same for any data: standard deviations of a measurement, or shares. Whether
that is too much is for an expectation to say; see rules.py. Examples of one group may be alike, so
for sampling error a group counts as one example.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.dataset.table import SPLITS
from pipeline.dataset.validation.statistics import (
    SIGMAS,
    SMALLEST_UNIT,
    Features,
    Profile,
    inverse_sizes,
    largest,
    lone_share,
    moments,
    shift,
    units,
)
from pipeline.validate.profile import DIGEST_DIGITS, QUANTILES, remembered_key


def split_table(
    table: pd.DataFrame,
    features: Features,
    add_labels: Callable[[pd.DataFrame, pd.DataFrame, NDArray[np.int64]], None],
) -> pd.DataFrame:
    """A row for each split: its size, and how far it is from train.

    Columns: id, examples, gap (of the mean that differs most, in standard deviations of train), and
    those of `add_labels`, which gets the number of each row's split.
    """
    codes = table["split"].cat.set_categories(SPLITS).cat.codes.to_numpy(np.int64)
    now = moments(table, codes, len(SPLITS), features.names)
    num = now.num * lone_share(table)
    unit = np.maximum(now.std[0], np.maximum(0.01 * np.abs(now.mean[0]), SMALLEST_UNIT))
    found = pd.DataFrame(
        {
            "id": SPLITS,
            "examples": now.num,
            "gap": largest(shift(now, now.mean[0], inverse_sizes(num, num[0]), unit)),
        }
    )
    add_labels(found, table, codes)
    return found


def measurement_table(table: pd.DataFrame, before: Profile, features: Features) -> pd.DataFrame:
    """A row for each measurement (id) and how far it is from the profile's (shift).

    The shift is that of the mean or of the quantile that moved most, in standard deviations.
    """
    known = [name for name in features.names if f"{name}.mean" in before]
    now = moments(table, np.zeros(len(table), np.int64), 1, known)
    mean = np.array([before[f"{name}.mean"] for name in known])
    unit = units(before, features.names)[np.isin(features.names, known)]
    inverse = inverse_sizes(now.num * lone_share(table), before["groups"])
    moved = shift(now, mean, inverse, unit)[0]
    for position, name in enumerate(known):
        if name not in features.compared:
            continue
        values = table[name].to_numpy(np.float64)
        for short, quantile in QUANTILES.items():
            was = before[f"{name}.{short}"]
            # By the shares below the old quantile, which holds for steps and ties as well.
            error = SIGMAS * np.sqrt(quantile * (1 - quantile) * inverse[0])
            below = np.mean(values < was - SMALLEST_UNIT) - error
            if below <= quantile <= np.mean(values <= was + SMALLEST_UNIT) + error:
                continue
            by = abs(np.quantile(values, quantile, method="nearest") - was) / unit[position]
            moved[position] = max(moved[position], by)
    return pd.DataFrame({"id": known, "shift": moved})


def remembered_table(
    table: pd.DataFrame, checksums: NDArray[np.int64], before: Profile
) -> pd.DataFrame:
    """The examples that the profile remembers and that are still there.

    Columns: id, and content (the first digits of its sha256), split and label, now and before
    (content_before and so on).
    """
    known = {
        key: rest.split(" ", 2) for key, rest in (r.split(" ", 1) for r in before["remembered"])
    }
    candidates = np.flatnonzero(np.isin(checksums, [int(key[:8], 16) for key in known]))
    found = table[["id", "sha256", "split", "label"]].iloc[candidates].astype("str")
    found = found[found["id"].map(remembered_key).isin(list(known))].reset_index(drop=True)
    then = pd.DataFrame(
        [known[remembered_key(id)] for id in found["id"]],
        columns=["content_before", "split_before", "label_before"],
        dtype="str",
    )
    return found.assign(content=found["sha256"].str[:DIGEST_DIGITS]).join(then)


def counts_before(before: Profile, column: str) -> dict[str, int]:
    """How many examples had each split or license."""
    prefix = f"{column}."
    return {k.removeprefix(prefix): n for k, n in before.items() if k.startswith(prefix)}


def divergence_by_chance(num: float, num_before: float, num_values: int) -> float:
    """What the Kullback-Leibler divergence of two samples of the same hardly exceeds, in nats.

    Twice the divergence, over the sum of the inverse sizes, follows chi-squared (Wilks 1938);
    its tail by Wilson and Hilferty (1931).
    """
    freedom = max(num_values - 1, 1)
    spread = 2 / (9 * freedom)
    tail = freedom * (1 - spread + SIGMAS * np.sqrt(spread)) ** 3
    return float(tail / 2 * inverse_sizes(num, num_before))
