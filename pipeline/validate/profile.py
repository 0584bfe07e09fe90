"""The profile of a dataset: the few hundred numbers by which a change of the data shows.

`data/profile.json` says what the data are like now. A copy of one that people accepted,
`data/profiles/<dataset>.json`, is what later data are compared with; see drift.py.
"""

import json
import math
import re
import zlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.dataset.places import PROFILE_FILE, PROFILES_DIR
from pipeline.dataset.randomness import key64
from pipeline.dataset.table import SPLITS
from pipeline.modalities.images.compare.features import COMPARED, FEATURES, patterns
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

NUM_REMEMBERED = 256  # a change of 2 % of the labels shows among them with 99 % probability
DIGEST_DIGITS = 8  # of an image, enough to notice a change
MAX_CLASSES_WITH_MEANS = 100
SIGNAL_MIN_EXAMPLES = 500
SIGNAL_MAX_EXAMPLES = 20_000
SIGNAL_FOLDS = 5
SIGNAL_RIDGE = 10.0

Profile = Mapping[str, Any]


class Moments(NamedTuple):
    """Of F features in each of G groups of rows; NaN for a group without rows."""

    num: NDArray[np.int64]
    """Rows, shape `(G,)`."""
    mean: NDArray[np.float64]
    """Shape `(G, F)`."""
    std: NDArray[np.float64]
    """Shape `(G, F)`."""


def moments(
    table: pd.DataFrame,
    codes: NDArray[np.integer[Any]],
    num: int,
    columns: Sequence[str] = FEATURES,
) -> Moments:
    """Count, mean and standard deviation of features in groups of rows, numbered by `codes`."""
    count = np.bincount(codes, minlength=num)
    mean, std = np.zeros((2, num, len(columns)))
    with np.errstate(invalid="ignore", divide="ignore"):
        for position, name in enumerate(columns):
            values = table[name].to_numpy(np.float64)
            mean[:, position] = np.bincount(codes, values, num) / count
            squares = (values - mean[codes, position]) ** 2
            std[:, position] = np.sqrt(np.bincount(codes, squares, num) / count)
    return Moments(count, mean, std)


def id_checksums(table: pd.DataFrame) -> NDArray[np.int64]:
    """A quick number for each id, which picks the same examples from one version to the next."""
    ids = table["id"].to_numpy(object)  # a tenth of the time of walking through Arrow strings
    return np.fromiter((zlib.crc32(id.encode()) for id in ids), np.int64, len(table))


def label_signal(
    table: pd.DataFrame, labels: NDArray[np.integer[Any]], checksums: NDArray[np.int64]
) -> NDArray[np.float64] | None:
    """How well measurements tell the labels: falls when labels are wrong or belong to other rows.

    A ridge regression of the class indicators on `patterns`, in five folds, on at most
    SIGNAL_MAX_EXAMPLES rows. The mean of the result is the balanced accuracy; chance is 1 / number
    of classes.

    Returns:
        One number a row: 0 where the class is not found; where it is, the inverse of the class's
        share times the number of classes; NaN for rows left out. None when there are too few
        examples, or one class only.
    """
    chosen = np.arange(len(table))
    if len(table) > SIGNAL_MAX_EXAMPLES:
        chosen = np.linspace(0, len(table) - 1, SIGNAL_MAX_EXAMPLES).astype(np.int64)
    names, codes = np.unique(labels[chosen], return_inverse=True)
    if len(chosen) < SIGNAL_MIN_EXAMPLES or len(names) < 2:
        return None
    x = patterns(table.iloc[chosen])
    x = (x - x.mean(0)) / np.maximum(x.std(0), 1e-9)
    x = np.column_stack([x, np.ones(len(x))])
    balance = len(codes) / (len(names) * np.bincount(codes))
    targets = np.eye(len(names))[codes] * balance[codes, None]
    weighted = x * balance[codes, None]
    folds = checksums[chosen] % SIGNAL_FOLDS
    gram, moment = weighted.T @ x + SIGNAL_RIDGE * np.eye(x.shape[1]), x.T @ targets
    found = np.zeros(len(codes), bool)
    for fold in range(SIGNAL_FOLDS):
        out = folds == fold
        weights = np.linalg.solve(gram - weighted[out].T @ x[out], moment - x[out].T @ targets[out])
        found[out] = (x[out] @ weights).argmax(1) == codes[out]
    signal = np.full(len(table), np.nan)
    signal[chosen] = found * balance[codes]
    return signal


def make_profile(
    table: pd.DataFrame, classes: Sequence[str], checksums: NDArray[np.int64]
) -> dict[str, Any]:
    """The profile of a table of examples with features and label_signal; keys in a fixed order."""
    profile: dict[str, Any] = {"examples": len(table), "groups": num_groups(table)}
    for split in SPLITS:
        profile[f"split.{split}"] = int((table["split"] == split).sum())
    for name in ("mode", "license"):
        for value, number in sorted(table[name].value_counts().items()):
            if number:
                profile[f"{name}.{value}"] = int(number)
    if not len(table):
        return profile
    of_all = moments(table, np.zeros(len(table), np.int64), 1)
    for position, name in enumerate(FEATURES):
        profile[f"{name}.mean"] = float(of_all.mean[0, position])
        profile[f"{name}.std"] = float(of_all.std[0, position])
        if name in COMPARED:
            values = np.quantile(table[name].to_numpy(), list(QUANTILES.values()), method="nearest")
            for short, value in zip(QUANTILES, values.tolist(), strict=True):
                profile[f"{name}.{short}"] = float(value)
    if "label_signal" in table:
        profile["label_signal"] = float(table["label_signal"].mean())
    labels = class_codes(table, classes)
    by_class = moments(table, labels, len(classes))
    in_split = {
        split: np.bincount(labels[(table["split"] == split).to_numpy()], minlength=len(classes))
        for split in SPLITS
    }
    with_means = set(np.argsort(-by_class.num, kind="stable")[:MAX_CLASSES_WITH_MEANS].tolist())
    for code, label in enumerate(classes):
        for split in SPLITS:
            profile[f"class.{label}.{split}"] = int(in_split[split][code])
        if code in with_means and by_class.num[code]:
            for position, name in enumerate(FEATURES):
                profile[f"class.{label}.{name}"] = float(by_class.mean[code, position])
    profile["remembered"] = _remember(table, checksums)
    return {key: round(v, 6) if isinstance(v, float) else v for key, v in profile.items()}


def class_codes(table: pd.DataFrame, classes: Sequence[str]) -> NDArray[np.integer[Any]]:
    """Index of each row's class."""
    return table["label"].cat.set_categories(list(classes)).cat.codes.to_numpy(np.int64)


def num_groups(table: pd.DataFrame) -> int:
    """How many groups there are; an example without one is one by itself."""
    return int(table["group"].nunique() + table["group"].isna().sum())


def _remember(table: pd.DataFrame, checksums: NDArray[np.int64]) -> list[str]:
    """Image, split and label of a few examples, under digests of their ids."""
    rows = np.argsort(checksums, kind="stable")[:NUM_REMEMBERED]
    chosen = table[["id", "sha256", "split", "label"]].iloc[rows]
    return [
        f"{remembered_key(id)} {sha256[:DIGEST_DIGITS]} {split} {label}"
        for id, sha256, split, label in chosen.itertuples(index=False, name=None)
    ]


def remembered_key(id: str) -> str:
    """What stands for an id in a profile: its checksum and 64 bits of a digest."""
    return f"{zlib.crc32(id.encode()):08x}{key64(id):016x}"


def read_profile(dataset: str) -> Profile | None:
    """The accepted profile of a dataset; None when there is none.

    Raises:
        SettingsError: the file is no profile.
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
    known = [name for name in FEATURES if any(key.startswith(f"{name}.") for key in profile)]
    wanted = ["examples", "groups", *(f"{n}.{of}" for n in known for of in ("mean", "std"))]
    wanted += [f"{name}.{short}" for name in known if name in COMPARED for short in QUANTILES]
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
            f"{path}: remembered must be a list of `key image split label`", fix=fix
        )
    return profile


def unknown_features(profile: Profile) -> list[str]:
    """Features that came after a profile was accepted, and so cannot be compared with it."""
    return [name for name in FEATURES if f"{name}.mean" not in profile]


def _is_remembered(line: Any) -> bool:
    shape = re.compile(r"[0-9a-f]{24} \w+ \w+ .*", re.DOTALL)  # a label may be anything
    return isinstance(line, str) and shape.fullmatch(line) is not None
