"""How far the data have moved: from an accepted profile, and between the splits.

A change counts when it is more than sampling error (SIGMAS standard errors), and its size is given
in units that mean the same for any data: standard deviations of a measurement, or shares. Whether
that is too much is for an expectation to say; see rules.py. Examples of one group may be alike, so
for sampling error a group counts as one example.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.dataset.table import SPLITS
from pipeline.modalities.images.compare.features import COMPARED, FEATURES
from pipeline.validate.profile import (
    DIGEST_DIGITS,
    QUANTILES,
    SIGNAL_MAX_EXAMPLES,
    Moments,
    Profile,
    class_codes,
    moments,
    num_groups,
    remembered_key,
)

SIGMAS = 4.5  # with some hundred comparisons a run, chance alone exceeds it once in a thousand runs
SIGMAS_OF_CHANCE = 3
SMALLEST_UNIT = 1e-6
MIN_COMPARED = 20  # groups; the means of fewer have no error that could be known


def class_table(
    table: pd.DataFrame, classes: Sequence[str], before: Profile | None
) -> pd.DataFrame:
    """A row for each class: how many examples, and how far its means are from the profile's.

    Columns: id, train, held_out (the fewer of val and test), and with a profile, shift (of the
    mean that moved most, in standard deviations).
    """
    codes = class_codes(table, classes)
    counts = {
        split: np.bincount(codes[(table["split"] == split).to_numpy()], minlength=len(classes))
        for split in SPLITS
    }
    found = pd.DataFrame(
        {
            "id": list(classes),
            "train": counts["train"],
            "held_out": np.minimum(counts["val"], counts["test"]),
        }
    )
    if before is not None:
        now = moments(table, codes, len(classes))
        count = [sum(before.get(f"class.{c}.{split}", 0) for split in SPLITS) for c in classes]
        mean = [[before.get(f"class.{c}.{n}", np.nan) for n in FEATURES] for c in classes]
        inverse = _inverse(now.num * lone_share(table), np.array(count) * _lone_before(before))
        found["shift"] = _largest(_shift(now, np.array(mean), inverse, _unit(before)))
    return found


def split_table(table: pd.DataFrame) -> pd.DataFrame:
    """A row for each split: its size, and how far it is from train.

    Columns: id, examples, gap (of the mean that differs most, in standard deviations of
    train), and signal_lost (the share of the label signal above chance that train has and this
    split does not); the latter is 0 where there is no label signal.
    """
    codes = table["split"].cat.set_categories(SPLITS).cat.codes.to_numpy(np.int64)
    now = moments(table, codes, len(SPLITS))
    num = now.num * lone_share(table)
    unit = np.maximum(now.std[0], np.maximum(0.01 * np.abs(now.mean[0]), SMALLEST_UNIT))
    found = pd.DataFrame(
        {
            "id": SPLITS,
            "examples": now.num,
            "gap": _largest(_shift(now, now.mean[0], _inverse(num, num[0]), unit)),
            "signal_lost": 0.0,
        }
    )
    if "label_signal" in table:
        sampled = table["label_signal"].notna().to_numpy()
        signal = moments(table[sampled], codes[sampled], len(SPLITS), ["label_signal"])
        above_chance = signal.mean[0, 0] - 1 / table["label"].nunique()
        num = signal.num * lone_share(table)
        inverse = _inverse(num, num[0])
        lost = _shift(signal, signal.mean[0], inverse, max(above_chance, 0.01))[:, 0]
        found["signal_lost"] = np.where(signal.mean[:, 0] < signal.mean[0, 0], lost, 0.0)
    return found


def measurement_table(table: pd.DataFrame, before: Profile) -> pd.DataFrame:
    """A row for each measurement (id) and how far it is from the profile's (shift).

    The shift is that of the mean or of the quantile that moved most, in standard deviations.
    """
    known = [name for name in FEATURES if f"{name}.mean" in before]
    now = moments(table, np.zeros(len(table), np.int64), 1, known)
    mean = np.array([before[f"{name}.mean"] for name in known])
    unit = _unit(before)[np.isin(FEATURES, known)]
    inverse = _inverse(now.num * lone_share(table), before["groups"])
    shift = _shift(now, mean, inverse, unit)[0]
    for position, name in enumerate(known):
        if name not in COMPARED:
            continue
        values = table[name].to_numpy(np.float64)
        for short, quantile in QUANTILES.items():
            was = before[f"{name}.{short}"]
            # By the shares below the old quantile, which holds for steps and ties as well.
            error = SIGMAS * np.sqrt(quantile * (1 - quantile) * inverse[0])
            below = np.mean(values < was - SMALLEST_UNIT) - error
            if below <= quantile <= np.mean(values <= was + SMALLEST_UNIT) + error:
                continue
            moved = abs(np.quantile(values, quantile, method="nearest") - was) / unit[position]
            shift[position] = max(shift[position], moved)
    return pd.DataFrame({"id": known, "shift": shift})


def remembered_table(
    table: pd.DataFrame, checksums: NDArray[np.int64], before: Profile
) -> pd.DataFrame:
    """The examples that the profile remembers and that are still there.

    Columns: id, and image (the first digits of its sha256), split and label, now and before
    (image_before and so on).
    """
    known = {
        key: rest.split(" ", 2) for key, rest in (r.split(" ", 1) for r in before["remembered"])
    }
    candidates = np.flatnonzero(np.isin(checksums, [int(key[:8], 16) for key in known]))
    found = table[["id", "sha256", "split", "label"]].iloc[candidates].astype("str")
    found = found[found["id"].map(remembered_key).isin(list(known))].reset_index(drop=True)
    then = pd.DataFrame(
        [known[remembered_key(id)] for id in found["id"]],
        columns=["image_before", "split_before", "label_before"],
        dtype="str",
    )
    return found.assign(image=found["sha256"].str[:DIGEST_DIGITS]).join(then)


def counts_before(before: Profile, column: str) -> dict[str, int]:
    """How many examples had each label, split or license."""
    counts: dict[str, int] = {}
    if column == "label":
        for key, number in before.items():
            name, _, split = key.removeprefix("class.").rpartition(".")
            if key.startswith("class.") and split in SPLITS:
                counts[name] = counts.get(name, 0) + number
    else:
        prefix = f"{column}."
        counts = {k.removeprefix(prefix): n for k, n in before.items() if k.startswith(prefix)}
    return {name: number for name, number in counts.items() if number}


def divergence_by_chance(num: float, num_before: float, num_values: int) -> float:
    """What the Kullback-Leibler divergence of two samples of the same hardly exceeds, in nats.

    Twice the divergence, over the sum of the inverse sizes, follows chi-squared (Wilks 1938);
    its tail by Wilson and Hilferty (1931).
    """
    freedom = max(num_values - 1, 1)
    spread = 2 / (9 * freedom)
    tail = freedom * (1 - spread + SIGMAS * np.sqrt(spread)) ** 3
    return float(tail / 2 * _inverse(num, num_before))


def signal_bounds(
    table: pd.DataFrame, num_classes: int, before: Profile | None, max_drift: float
) -> tuple[float, float]:
    """What the mean of label_signal must exceed: by chance alone, and by the profile (or 0)."""
    signal = table["label_signal"]
    deviation = float(signal.std(ddof=0))
    num = int(signal.notna().sum()) * lone_share(table)
    chance = 1 / num_classes
    by_chance = chance + SIGMAS_OF_CHANCE * deviation / math.sqrt(num)
    if before is None or "label_signal" not in before:
        return by_chance, 0.0
    num_before = min(before["examples"], SIGNAL_MAX_EXAMPLES) * _lone_before(before)
    error = SIGMAS * deviation * math.sqrt(_inverse(num, num_before))
    lost = max(max_drift * (before["label_signal"] - chance), error)
    return by_chance, before["label_signal"] - lost


def lone_share(table: pd.DataFrame) -> float:
    """The number of groups by that of examples, where one without a group is a group, 0 to 1."""
    return num_groups(table) / max(len(table), 1)


def _lone_before(before: Profile) -> float:
    return float(before["groups"] / max(before["examples"], 1))


def _shift(
    now: Moments, mean: NDArray[np.float64], inverse: NDArray[np.float64], unit: Any
) -> NDArray[np.float64]:
    """How far means `(G, F)` are from others, in `unit`; 0 where chance alone may do it.

    `inverse` is that of the sizes of both, see `_inverse`, shape `(G,)`.
    """
    with np.errstate(invalid="ignore"):
        error = now.std * np.sqrt(inverse)[:, None]
        change = np.abs(now.mean - mean)
        known = (inverse <= 2 / MIN_COMPARED)[:, None]
        shift: NDArray[np.float64] = np.where(known & (change > SIGMAS * error), change / unit, 0.0)
    return shift


def _largest(shift: NDArray[np.float64]) -> NDArray[np.float64]:
    largest: NDArray[np.float64] = np.nan_to_num(shift, nan=0.0).max(axis=1)
    return largest


def _unit(before: Profile) -> NDArray[np.float64]:
    """Standard deviations of the features; where they are constant, a hundredth of their size.

    NaN for features that the profile does not know.
    """
    std = np.array([before.get(f"{name}.std", np.nan) for name in FEATURES])
    mean = np.array([before.get(f"{name}.mean", np.nan) for name in FEATURES])
    unit: NDArray[np.float64] = np.maximum(std, np.maximum(0.01 * np.abs(mean), SMALLEST_UNIT))
    return unit


def _inverse(num: Any, num_before: Any) -> Any:
    # The variance of a difference of two means, in units of that of a single value.
    return 1 / np.maximum(num, 1) + 1 / np.maximum(num_before, 1)
