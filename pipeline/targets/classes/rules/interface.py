"""The names of targets/protocols/rules.py, for classes."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.dataset.table import SPLITS
from pipeline.dataset.validation.rules import (
    IN_SET,
    NOT_NULL,
    Rule,
    at_least,
    at_most,
    moved,
    rule,
)
from pipeline.dataset.validation.statistics import (
    Features,
    Profile,
    inverse_sizes,
    largest,
    lone_share,
    lone_share_before,
    moments,
    shift,
    units,
)
from pipeline.targets.classes.rules.signal import label_signal, signal_lost, signal_rules
from pipeline.targets.protocols.labels import TargetIndex
from pipeline.targets.protocols.rules import AboutLabels

MAX_CLASSES_WITH_MEANS = 100
MIN_SHARE_OF_CLASS = 0.1  # of the mean number of training examples of a class


def row_rules(target: TargetIndex) -> list[Rule]:
    return [
        rule("every example has a label", NOT_NULL, "critical", "unlabelled", column="label"),
        rule(
            "every label is a class",
            IN_SET,
            "critical",
            "unknown label",
            column="label",
            value_set=list(target["classes"]),
        ),
    ]


def add_columns(
    table: pd.DataFrame,
    target: TargetIndex,
    patterns: Callable[[pd.DataFrame], NDArray[np.float64]],
    checksums: NDArray[np.int64],
) -> None:
    """Add label_signal, where there are examples enough; see signal.py."""
    codes = class_codes(table, target["classes"])
    signal = label_signal(patterns, table, codes, checksums)
    if signal is not None:
        table["label_signal"] = signal


def table_rules(
    table: pd.DataFrame, target: TargetIndex, before: Profile | None, max_drift: float
) -> list[Rule]:
    """About the label signal."""
    if "label_signal" not in table:
        return []
    return signal_rules(table, len(target["classes"]), before, max_drift)


def tables(
    table: pd.DataFrame,
    target: TargetIndex,
    before: Profile | None,
    features: Features,
    settings: Any,
) -> list[AboutLabels]:
    """A row for each class."""
    by_class = class_table(table, target["classes"], before, features)
    rules = class_rules(by_class, settings.min_examples_per_class)
    if before is not None:
        rules += moved("classes look as in the profile", settings.max_drift)
    return [AboutLabels(by_class, rules, "classes")]


def split_rules(max_drift: float) -> list[Rule]:
    """About the column `signal_lost` that `add_to_splits` adds."""
    return [at_most("labels of val and test fit as those of train", "signal_lost", max_drift)]


def add_to_splits(found: pd.DataFrame, table: pd.DataFrame, splits: NDArray[np.int64]) -> None:
    """Add signal_lost: the share of the label signal above chance that train has and a split does
    not; 0 where there is no label signal."""
    found["signal_lost"] = signal_lost(table, splits, len(found))


def profile(table: pd.DataFrame, target: TargetIndex, features: Features) -> dict[str, Any]:
    """The label signal, how many examples each class has in each split, and the means of classes."""
    classes = target["classes"]
    found: dict[str, Any] = {}
    if "label_signal" in table:
        found["label_signal"] = float(table["label_signal"].mean())
    labels = class_codes(table, classes)
    by_class = moments(table, labels, len(classes), features.names)
    in_split = {
        split: np.bincount(labels[(table["split"] == split).to_numpy()], minlength=len(classes))
        for split in SPLITS
    }
    with_means = set(np.argsort(-by_class.num, kind="stable")[:MAX_CLASSES_WITH_MEANS].tolist())
    for code, label in enumerate(classes):
        for split in SPLITS:
            found[f"class.{label}.{split}"] = int(in_split[split][code])
        if code in with_means and by_class.num[code]:
            for position, name in enumerate(features.names):
                found[f"class.{label}.{name}"] = float(by_class.mean[code, position])
    return found


def counts_before(before: Profile) -> dict[str, int]:
    """How many examples each class had."""
    counts: dict[str, int] = {}
    for key, number in before.items():
        name, _, split = key.removeprefix("class.").rpartition(".")
        if key.startswith("class.") and split in SPLITS:
            counts[name] = counts.get(name, 0) + number
    return counts


def class_codes(table: pd.DataFrame, classes: Sequence[str]) -> NDArray[np.integer[Any]]:
    """Index of each row's class."""
    return table["label"].cat.set_categories(list(classes)).cat.codes.to_numpy(np.int64)


def class_table(
    table: pd.DataFrame, classes: Sequence[str], before: Profile | None, features: Features
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
        now = moments(table, codes, len(classes), features.names)
        count = [sum(before.get(f"class.{c}.{split}", 0) for split in SPLITS) for c in classes]
        mean = [[before.get(f"class.{c}.{n}", np.nan) for n in features.names] for c in classes]
        inverse = inverse_sizes(
            now.num * lone_share(table), np.array(count) * lone_share_before(before)
        )
        found["shift"] = largest(shift(now, np.array(mean), inverse, units(before, features.names)))
    return found


def class_rules(by_class: pd.DataFrame, min_examples: int) -> list[Rule]:
    """About the table of classes."""
    enough = max(min_examples, round(MIN_SHARE_OF_CLASS * by_class["train"].mean()))
    return [
        at_least("every class is in train", "train", 1, "critical"),
        at_least("every class has enough training examples", "train", enough),
        at_least("every class is in val and in test", "held_out", 1),
    ]
