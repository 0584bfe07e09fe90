"""Classes as rows of a table: their numbers of examples, and distances from the profile."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.dataset.expectations.drift import (
    KEPT,
    Profile,
    inverse_size,
    largest,
    lone_share_before,
    shift_of,
    unit_before,
)
from pipeline.dataset.expectations.moments import lone_share, moments
from pipeline.dataset.expectations.rules import Rule, at_least, hardly_moved
from pipeline.dataset.table import SPLITS
from pipeline.targets.protocols.labels import TargetIndex
from pipeline.targets.protocols.rules import LabelTable

MIN_SHARE_OF_CLASS = 0.1  # as a share of the mean number of training examples of a class


def label_tables(
    table: pd.DataFrame,
    features: Sequence[str],
    target: TargetIndex,
    before: Profile | None,
    settings: Any,
) -> list[LabelTable]:
    by_class = class_table(table, target["classes"], features, before)
    rules = class_rules(by_class, settings.min_examples_per_class)
    if before is not None:
        rules.append(hardly_moved("classes look as in the profile", settings.max_drift))
    return [LabelTable(by_class, rules, "classes")]


def class_table(
    table: pd.DataFrame, classes: Sequence[str], features: Sequence[str], before: Profile | None
) -> pd.DataFrame:
    """Make a row for each class: numbers of examples, and the distance from the profile's means.

    Columns: id, train, held_out (the fewer of val and test), and with a profile, shift (of the
    mean that moved most, in standard deviations).
    """
    codes = class_codes(table, classes)
    counts = counts_by_split(table, codes, len(classes))
    found = pd.DataFrame(
        {
            "id": list(classes),
            "train": counts["train"],
            "held_out": np.minimum(counts["val"], counts["test"]),
        }
    )
    if before is not None:
        now = moments(table, codes, len(classes), features)
        count = [sum(before.get(f"class.{c}.{split}", 0) for split in SPLITS) for c in classes]
        mean = [[before.get(f"class.{c}.{n}", np.nan) for n in features] for c in classes]
        num, num_before = now.num * lone_share(table), np.array(count) * lone_share_before(before)
        inverse = inverse_size(num, num_before, before.get(KEPT, 0.0))
        shift = shift_of(now, np.array(mean), inverse, unit_before(before, features))
        found["shift"] = largest(shift)
    return found


def class_rules(by_class: pd.DataFrame, min_examples: int) -> list[Rule]:
    """Rules about the table of classes."""
    enough = max(min_examples, round(MIN_SHARE_OF_CLASS * by_class["train"].mean()))
    return [
        at_least("every class is in train", "train", 1, "critical"),
        at_least("every class has enough training examples", "train", enough),
        at_least("every class is in val and in test", "held_out", 1),
    ]


def class_codes(table: pd.DataFrame, classes: Sequence[str]) -> NDArray[np.integer[Any]]:
    """Index of each row's class, `(N,)`."""
    codes: NDArray[np.integer[Any]] = (
        table["label"].cat.set_categories(list(classes)).cat.codes.to_numpy(np.int64)
    )
    return codes


def counts_by_split(
    table: pd.DataFrame, codes: NDArray[np.integer[Any]], num_classes: int
) -> dict[str, NDArray[np.int64]]:
    """Examples of each class, `(K,)`, in each split."""
    return {
        split: np.bincount(codes[(table["split"] == split).to_numpy()], minlength=num_classes)
        for split in SPLITS
    }
