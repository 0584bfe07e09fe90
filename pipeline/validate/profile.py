"""The profile of a dataset: the few hundred numbers that show a change of the data.

`data/profile.json` describes the current data. Later data are compared with a copy that people
accepted, `data/profiles/<dataset>.json`; see drift.py.
"""

import json
import math
import re
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.dataset.expectations.drift import Profile
from pipeline.dataset.expectations.moments import moments, num_groups
from pipeline.dataset.places import PROFILE_FILE, PROFILES_DIR
from pipeline.dataset.randomness import key64
from pipeline.dataset.table import SPLITS
from pipeline.modalities.protocols.checks import Features
from pipeline.runtime.errors import SettingsError

QUANTILES = {
    "q01": 0.01,
    "q05": 0.05,
    "q25": 0.25,
    "q50": 0.5,
    "q75": 0.75,
    "q95": 0.95,
    "q99": 0.99,
}

NUM_REMEMBERED = 256  # among them, a change of 2 % of the labels is seen with 99 % probability
DIGEST_DIGITS = 8  # of a content, enough to notice a change


def id_checksums(table: pd.DataFrame) -> NDArray[np.int64]:
    """A fast checksum of each id, which selects the same examples from version to version."""
    ids = table["id"].to_numpy(object)  # a tenth of the time of iterating over Arrow strings
    return np.fromiter((zlib.crc32(id.encode()) for id in ids), np.int64, len(table))


def make_profile(
    table: pd.DataFrame,
    features: Features,
    words: Sequence[str],
    label_profile: Mapping[str, int | float],
    checksums: NDArray[np.int64],
) -> dict[str, Any]:
    """Make the profile of a table of examples, with the features; keys in a fixed order.

    Args:
        table: has at least one row; may have label_signal.
        words: columns of which each word is counted.
        label_profile: the part of the profile that the target makes.
    """
    profile: dict[str, Any] = {"examples": len(table), "groups": num_groups(table)}
    for split in SPLITS:
        profile[f"split.{split}"] = int((table["split"] == split).sum())
    for name in (*words, "license"):
        for value, number in sorted(table[name].value_counts().items()):
            if number:
                profile[f"{name}.{value}"] = int(number)
    of_all = moments(table, np.zeros(len(table), np.int64), 1, features.names)
    for position, name in enumerate(features.names):
        profile[f"{name}.mean"] = float(of_all.mean[0, position])
        profile[f"{name}.std"] = float(of_all.std[0, position])
        if name in features.with_quantiles:
            values = np.quantile(table[name].to_numpy(), list(QUANTILES.values()), method="nearest")
            for short, value in zip(QUANTILES, values.tolist(), strict=True):
                profile[f"{name}.{short}"] = float(value)
    if "label_signal" in table:
        profile["label_signal"] = float(table["label_signal"].mean())
    profile |= label_profile
    profile["remembered"] = _remember(table, checksums)
    return {key: round(v, 6) if isinstance(v, float) else v for key, v in profile.items()}


def counts_before(before: Profile, column: str) -> dict[str, int]:
    """Number of examples in the profile with each word of a column."""
    prefix = f"{column}."
    counts = {k.removeprefix(prefix): n for k, n in before.items() if k.startswith(prefix)}
    return {name: number for name, number in counts.items() if number}


def _remember(table: pd.DataFrame, checksums: NDArray[np.int64]) -> list[str]:
    """Content, split and label of some examples, under digests of their ids."""
    rows = np.argsort(checksums, kind="stable")[:NUM_REMEMBERED]
    chosen = table[["id", "sha256", "split", "label"]].iloc[rows]
    return [
        f"{remembered_key(id)} {sha256[:DIGEST_DIGITS]} {split} {label}"
        for id, sha256, split, label in chosen.itertuples(index=False, name=None)
    ]


def remembered_key(id: str) -> str:
    """The key of an id in a profile: its checksum and 64 bits of a digest."""
    return f"{zlib.crc32(id.encode()):08x}{key64(id):016x}"


def read_profile(dataset: str, features: Features) -> Profile | None:
    """Read the accepted profile of a dataset; None if there is none.

    Raises:
        SettingsError: the file is not a profile.
    """
    path = PROFILES_DIR / f"{dataset}.json"
    if not path.exists():
        return None
    fix = f"copy an accepted one there: cp {PROFILE_FILE} {path}"
    try:
        profile = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise SettingsError(f"{path} is no JSON: {error}", fix=fix) from None
    if not isinstance(profile, dict):
        profile = {}
    known = [n for n in features.names if any(key.startswith(f"{n}.") for key in profile)]
    wanted = ["examples", "groups", *(f"{n}.{of}" for n in known for of in ("mean", "std"))]
    wanted += [f"{n}.{q}" for n in known if n in features.with_quantiles for q in QUANTILES]
    for key in wanted:
        if key not in profile:
            raise SettingsError(f"{path} is no profile: {key} is missing", fix=fix)
    for key, value in profile.items():
        is_number = isinstance(value, int | float) and math.isfinite(value)
        if key != "remembered" and not is_number:
            raise SettingsError(f"{path}: {key} must be a number, found {value!r}", fix=fix)
    remembered = profile.get("remembered")
    if not isinstance(remembered, list) or not all(map(_is_remembered, remembered)):
        raise SettingsError(
            f"{path}: remembered must be a list of `key content split label`", fix=fix
        )
    return profile


def unknown_features(profile: Profile, features: Features) -> list[str]:
    """Features that the profile lacks, and so cannot be compared."""
    return [name for name in features.names if f"{name}.mean" not in profile]


def _is_remembered(line: Any) -> bool:
    shape = re.compile(r"[0-9a-f]{24} \w+ \w+ .*", re.DOTALL)  # a label may be anything
    return isinstance(line, str) and shape.fullmatch(line) is not None
