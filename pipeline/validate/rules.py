"""What is expected of every dataset, in words and as Great Expectations has it.

Where rows that fail cannot be used, a rule has a reason: they are set aside under it. Without one,
a critical rule stops the run and any other is a warning. assessment.py makes the columns that are
not of data/raw, and asks.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from pipeline.dataset.table import SPLITS
from pipeline.dataset.validation.rules import (
    EQUAL,
    IN_SET,
    IS_NULL,
    NOT_NULL,
    Rule,
    at_least,
    at_most,
    each,
    rule,
    set_aside,
    since_profile,
)
from pipeline.dataset.validation.statistics import Profile, num_groups
from pipeline.validate.drift import counts_before, divergence_by_chance

MAX_REPEATED = 0.005
MAX_CHANGED = 0.02  # of the examples that the profile remembers

COLUMN_RULES = [
    rule(
        "every column is there, and of its type",
        EQUAL,
        "critical",
        column_A="type",
        column_B="expected",
        ignore_row_if="both_values_are_missing",
    )
]

IDENTITY_RULES = [
    rule("there are examples", "expect_table_row_count_to_be_between", "critical", min_value=1),
    rule("every example has an id", NOT_NULL, "critical", column="id"),
    rule("every id is there once", "expect_column_values_to_be_unique", "critical", column="id"),
]


def row_rules(noun: str, of_labels: Sequence[Rule], of_content: Sequence[Rule]) -> list[Rule]:
    """About each example, by which rows are set aside; of several the first counts.

    Args:
        noun: what an example is called.
    """
    return [
        rule(f"every {noun} can be read", IS_NULL, "critical", "unreadable", column="problem"),
        *of_labels,
        rule("every example has a split", NOT_NULL, "critical", "no split", column="split"),
        rule(
            "every split is train, val or test",
            IN_SET,
            "critical",
            "unknown split",
            column="split",
            value_set=SPLITS,
        ),
        rule("every example has a licence", NOT_NULL, "critical", "no licence", column="license"),
        set_aside("every licence says something", "licensed", True, "no licence"),
        set_aside(f"every {noun} is measured", "measured", True, "not measured"),
        *of_content,
    ]


# About the examples that remain.
def table_rules(noun: str) -> list[Rule]:
    return [
        each("no group is in two splits", "straddles", False, severity="critical"),
        each(f"no {noun} is in two splits", "leaked", False, severity="warning"),
        each(
            f"hardly any {noun} is there twice",
            "repeated",
            False,
            severity="warning",
            mostly=1 - MAX_REPEATED,
        ),
    ]


def split_rules(max_drift: float, of_labels: Sequence[Rule]) -> list[Rule]:
    """About the table of splits."""
    return [
        at_least("train, val and test are there", "examples", 1, "critical"),
        at_most("val and test are measured like train", "gap", max_drift),
        *of_labels,
    ]


def drift_rules(
    table: pd.DataFrame, before: Profile, max_drift: float, labels_before: Mapping[str, int]
) -> list[Rule]:
    """About the examples that remain, as compared with the profile.

    `labels_before` are counts of labels in the profile; empty where they cannot be counted.
    """
    rules = [
        rule(
            "no examples were lost since the profile",
            "expect_table_row_count_to_be_between",
            "warning",
            min_value=round((1 - max_drift) * before["examples"]),
        )
    ]
    counts_of = {
        "label": labels_before,
        "split": counts_before(before, "split"),
        "license": counts_before(before, "license"),
    }
    for column, what in COMPARED.items():
        counts = {value: number for value, number in counts_of[column].items() if number}
        if not counts:
            continue
        total = sum(counts.values())
        by_chance = divergence_by_chance(num_groups(table), before["groups"], len(counts))
        rules.append(
            rule(
                f"{what} as in the profile",
                "expect_column_kl_divergence_to_be_less_than",
                "warning",
                column=column,
                partition_object={
                    "values": list(counts),
                    "weights": [number / total for number in counts.values()],
                },
                # The divergence of two normal distributions that are so many deviations apart.
                threshold=max(max_drift**2 / 2, by_chance),
            )
        )
    return since_profile(rules)


COMPARED = {
    "label": "labels are as frequent",
    "split": "splits are as large",
    "license": "licences are the same",
}


def _same(says: str, column: str, mostly: float = 1.0) -> Rule:
    kwargs: dict[str, Any] = {
        "column_A": column,
        "column_B": f"{column}_before",
        "mostly": mostly,
    }
    return rule(says, EQUAL, "warning", **kwargs)


# About examples that the profile remembers.
REMEMBERED_RULES = since_profile(
    [
        _same("no example moved to another split", "split"),
        _same("hardly an example has another label than before", "label", 1 - MAX_CHANGED),
        _same("hardly an example has another content than before", "content", 1 - MAX_CHANGED),
    ]
)
