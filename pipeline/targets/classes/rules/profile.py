"""The part of a profile on classes: their examples in each split, and their means."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from pipeline.dataset.expectations.drift import Profile, as_frequent
from pipeline.dataset.expectations.moments import moments
from pipeline.dataset.expectations.rules import Rule
from pipeline.dataset.table import SPLITS
from pipeline.targets.classes.rules.class_table import class_codes, counts_by_split
from pipeline.targets.protocols.labels import TargetIndex

MAX_CLASSES_WITH_MEANS = 100


def profile(
    table: pd.DataFrame, features: Sequence[str], target: TargetIndex
) -> dict[str, int | float]:
    """Keys `class.<name>.<split>` and, for the most frequent classes, `class.<name>.<feature>`."""
    classes = target["classes"]
    labels = class_codes(table, classes)
    by_class = moments(table, labels, len(classes), features)
    in_split = counts_by_split(table, labels, len(classes))
    with_means = set(np.argsort(-by_class.num, kind="stable")[:MAX_CLASSES_WITH_MEANS].tolist())
    profile: dict[str, int | float] = {}
    for code, label in enumerate(classes):
        for split in SPLITS:
            profile[f"class.{label}.{split}"] = int(in_split[split][code])
        if code in with_means and by_class.num[code]:
            for position, name in enumerate(features):
                profile[f"class.{label}.{name}"] = float(by_class.mean[code, position])
    return profile


def drift_rules(table: pd.DataFrame, before: Profile, settings: Any) -> list[Rule]:
    says = "classes are as frequent as in the profile"
    return [as_frequent(says, "label", class_counts(before), table, before, settings.max_drift)]


def class_counts(before: Profile) -> dict[str, int]:
    """Number of examples of each class that had any."""
    counts: dict[str, int] = {}
    for key, number in before.items():
        name, _, split = key.removeprefix("class.").rpartition(".")
        if key.startswith("class.") and split in SPLITS:
            counts[name] = counts.get(name, 0) + number
    return {name: number for name, number in counts.items() if number}
