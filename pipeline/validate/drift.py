"""Drift of the data: from an accepted profile, and between the splits.

rules.py decides whether it is too large; see dataset/expectations/drift.py for the units.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.dataset.expectations.drift import (
    KEPT,
    SIGMAS,
    SMALLEST_UNIT,
    Profile,
    inverse_size,
    inverse_size_since,
    largest,
    shift_of,
    unit_before,
)
from pipeline.dataset.expectations.moments import lone_share, moments
from pipeline.dataset.expectations.relations import split_codes
from pipeline.dataset.table import SPLITS
from pipeline.modalities.protocols.checks import Features
from pipeline.validate.profile import DIGEST_DIGITS, QUANTILES, remembered_key

KEPT_MARGIN = 0.02
"""Share of the profile's examples that may be gone although all that it remembers are there (95 %
confidence)."""


def split_table(
    table: pd.DataFrame, features: Sequence[str], chance: float | None = None
) -> pd.DataFrame:
    """Make a row for each split: its size, and its distance from train.

    Columns: id, examples, gap (of the mean that differs most, in standard deviations of
    train), and signal_lost (the share of the label signal above `chance` that train has and this
    split does not). Both are NaN where the split or train is too small to tell; signal_lost also
    where there is no label signal. For train itself they are 0.
    """
    codes = split_codes(table)
    now = moments(table, codes, len(SPLITS), features)
    num = now.num * lone_share(table)
    unit = np.maximum(now.std[0], np.maximum(0.01 * np.abs(now.mean[0]), SMALLEST_UNIT))
    found = pd.DataFrame(
        {
            "id": SPLITS,
            "examples": now.num,
            "gap": largest(shift_of(now, now.mean[0], inverse_size(num, num[0]), unit)),
            "signal_lost": np.nan,
        }
    )
    if chance is not None:
        sampled = table["label_signal"].notna().to_numpy()
        signal = moments(table[sampled], codes[sampled], len(SPLITS), ["label_signal"])
        above_chance = signal.mean[0, 0] - chance
        num = signal.num * lone_share(table)
        inverse = inverse_size(num, num[0])
        lost = shift_of(signal, signal.mean[0], inverse, max(above_chance, 0.01))[:, 0]
        better = signal.mean[:, 0] >= signal.mean[0, 0]
        found["signal_lost"] = np.where(better & np.isfinite(lost), 0.0, lost)
        found.loc[0, "signal_lost"] = 0.0
    found.loc[0, "gap"] = 0.0
    return found


def measurement_table(table: pd.DataFrame, features: Features, before: Profile) -> pd.DataFrame:
    """Make a row for each feature (id) with its distance from the profile's (shift).

    The shift is that of the mean or of the quantile that moved most, in standard deviations; NaN
    where examples are too few to tell.
    """
    known = [name for name in features.names if f"{name}.mean" in before]
    now = moments(table, np.zeros(len(table), np.int64), 1, known)
    mean = np.array([before[f"{name}.mean"] for name in known])
    unit = unit_before(before, known)
    inverse = inverse_size_since(before, now.num * lone_share(table))
    shift = shift_of(now, mean, inverse, unit)[0]
    for position, name in enumerate(known):
        if name not in features.with_quantiles:
            continue
        values = table[name].to_numpy(np.float64)
        for short, quantile in QUANTILES.items():
            was = before[f"{name}.{short}"]
            # By the shares below the old quantile, which works for steps and ties too.
            error = SIGMAS * np.sqrt(quantile * (1 - quantile) * inverse[0])
            below = np.mean(values < was - SMALLEST_UNIT) - error
            if below <= quantile <= np.mean(values <= was + SMALLEST_UNIT) + error:
                continue
            moved = abs(np.quantile(values, quantile, method="nearest") - was) / unit[position]
            shift[position] = np.fmax(shift[position], moved)
    return pd.DataFrame({"id": known, "shift": shift})


def remembered_table(
    table: pd.DataFrame, checksums: NDArray[np.int64], before: Profile
) -> pd.DataFrame:
    """Find the examples that the profile remembers and that still exist.

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


def with_kept(before: Profile, remembered: pd.DataFrame) -> Profile:
    """Add KEPT to a profile, estimated by the examples that it remembers.

    Args:
        remembered: as `remembered_table` returns it.
    """
    same = int((remembered["content"] == remembered["content_before"]).sum())
    share = same / max(len(before["remembered"]), 1)
    return {**before, KEPT: max(0.0, share - KEPT_MARGIN)}
