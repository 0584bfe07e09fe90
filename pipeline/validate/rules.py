"""What is expected of every dataset, in words and as Great Expectations has it.

Where rows that fail cannot be used, a rule has a reason: they are set aside under it. Without one,
a critical rule stops the run and any other is a warning. assessment.py makes the columns that are
not of data/raw, and asks.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal

import pandas as pd

from pipeline.dataset.catalog import Expectation
from pipeline.dataset.table import SPLITS
from pipeline.validate.drift import counts_before, divergence_by_chance, signal_bounds
from pipeline.validate.expectations import PROFILE, Rule
from pipeline.validate.profile import Profile, num_groups

MAX_REPEATED = 0.005
MAX_LOOKS_REPEATED = 0.03  # of 8 x 8 digits, half a per cent look like another one
MAX_LOOKS_LEAKED = 0.03
MIN_SHARE_OF_CLASS = 0.1  # of the mean number of training examples of a class
MAX_CHANGED = 0.02  # of the examples that the profile remembers

LOOKS = ("blank", "black_or_white", "strip")
"""Columns about images that can be used if people want to: what an entry expects of one of these
takes the place of what is expected here."""


def _rule(
    says: str,
    type: str,
    severity: Literal["critical", "warning"],
    reason: str | None = None,
    **kwargs: Any,
) -> Rule:
    return Rule(Expectation(type=type, kwargs=kwargs, severity=severity), says, reason)


def _since_profile(*rules: Rule) -> list[Rule]:
    """Rules about what has changed since people accepted a profile."""
    return [replace(rule, about=PROFILE) for rule in rules]


def _each(says: str, column: str, wanted: bool, **more: Any) -> Rule:
    """A rule about a column of truth values. It is a set of one value, which Great Expectations
    looks up a hundred times as fast as bounds."""
    return _rule(
        says, "expect_column_values_to_be_in_set", column=column, value_set=[wanted], **more
    )


def _at_most(says: str, column: str, limit: float) -> Rule:
    type = "expect_column_values_to_be_between"
    return _rule(says, type, "warning", column=column, max_value=limit)


def _at_least(says: str, column: str, limit: float, severity: Any = "warning") -> Rule:
    type = "expect_column_values_to_be_between"
    return _rule(says, type, severity, column=column, min_value=limit)


IS_NULL, NOT_NULL = "expect_column_values_to_be_null", "expect_column_values_to_not_be_null"
IN_SET, EQUAL = "expect_column_values_to_be_in_set", "expect_column_pair_values_to_be_equal"

COLUMN_RULES = [
    _rule(
        "every column is there, and of its type",
        EQUAL,
        "critical",
        column_A="type",
        column_B="expected",
        ignore_row_if="both_values_are_missing",
    )
]

IDENTITY_RULES = [
    _rule("there are examples", "expect_table_row_count_to_be_between", "critical", min_value=1),
    _rule("every example has an id", NOT_NULL, "critical", column="id"),
    _rule("every id is there once", "expect_column_values_to_be_unique", "critical", column="id"),
]


def row_rules(classes: Sequence[str], own: Sequence[Expectation]) -> list[Rule]:
    """About each example; those that fail are set aside."""
    taken_over = {expectation.kwargs.get("column") for expectation in own}
    rules = [
        _rule("every image can be read", IS_NULL, "critical", "unreadable", column="problem"),
        _rule("every example has a label", NOT_NULL, "critical", "unlabelled", column="label"),
        _rule(
            "every label is a class",
            IN_SET,
            "critical",
            "unknown label",
            column="label",
            value_set=list(classes),
        ),
        _rule("every example has a split", NOT_NULL, "critical", "no split", column="split"),
        _rule(
            "every split is train, val or test",
            IN_SET,
            "critical",
            "unknown split",
            column="split",
            value_set=SPLITS,
        ),
        _rule("every example has a licence", NOT_NULL, "critical", "no licence", column="license"),
        _each(
            "every licence says something",
            "licensed",
            True,
            severity="critical",
            reason="no licence",
        ),
        _each(
            "every image is measured", "measured", True, severity="critical", reason="not measured"
        ),
        _each("no image is blank", "blank", False, severity="critical", reason="blank"),
        _each(
            "no image is all black or all white",
            "black_or_white",
            False,
            severity="critical",
            reason="black or white",
        ),
        _each(
            "no image is ten times as long as wide",
            "strip",
            False,
            severity="critical",
            reason="a strip",
        ),
    ]
    return [rule for rule in rules if rule.column not in taken_over.intersection(LOOKS)]


# About the examples that remain.
TABLE_RULES = [
    _each("no group is in two splits", "straddles", False, severity="critical"),
    _each("no image is in two splits", "leaked", False, severity="warning"),
    _each(
        "hardly an image looks like one in another split",
        "look_leaked",
        False,
        severity="warning",
        mostly=1 - MAX_LOOKS_LEAKED,
    ),
    _each(
        "hardly an image is there twice",
        "repeated",
        False,
        severity="warning",
        mostly=1 - MAX_REPEATED,
    ),
    _each(
        "few images look alike",
        "look_repeated",
        False,
        severity="warning",
        mostly=1 - MAX_LOOKS_REPEATED,
    ),
    _each("no image is of another size than nearly all", "odd_size", False, severity="warning"),
]


def class_rules(by_class: pd.DataFrame, min_examples: int) -> list[Rule]:
    """About the table of classes."""
    enough = max(min_examples, round(MIN_SHARE_OF_CLASS * by_class["train"].mean()))
    return [
        _at_least("every class is in train", "train", 1, "critical"),
        _at_least("every class has enough training examples", "train", enough),
        _at_least("every class is in val and in test", "held_out", 1),
    ]


def split_rules(max_drift: float) -> list[Rule]:
    """About the table of splits."""
    return [
        _at_least("train, val and test are there", "examples", 1, "critical"),
        _at_most("val and test are measured like train", "gap", max_drift),
        _at_most("labels of val and test fit as those of train", "signal_lost", max_drift),
    ]


def signal_rules(
    table: pd.DataFrame, num_classes: int, before: Profile | None, max_drift: float
) -> list[Rule]:
    """About the label signal."""
    by_chance, by_profile = signal_bounds(table, num_classes, before, max_drift)
    type = "expect_column_mean_to_be_between"
    rules = [
        _rule(
            "labels have to do with the images",
            type,
            "warning",
            column="label_signal",
            min_value=by_chance,
        )
    ]
    if before is not None:
        says = "labels fit the images as in the profile"
        rules += _since_profile(
            _rule(says, type, "warning", column="label_signal", min_value=by_profile)
        )
    return rules


def drift_rules(table: pd.DataFrame, before: Profile, max_drift: float) -> list[Rule]:
    """About the examples that remain, as compared with the profile."""
    rules = [
        _rule(
            "no examples were lost since the profile",
            "expect_table_row_count_to_be_between",
            "warning",
            min_value=round((1 - max_drift) * before["examples"]),
        )
    ]
    for column, what in COMPARED.items():
        counts = counts_before(before, column)
        total = sum(counts.values())
        by_chance = divergence_by_chance(num_groups(table), before["groups"], len(counts))
        rules.append(
            _rule(
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
    return _since_profile(*rules)


COMPARED = {
    "label": "classes are as frequent",
    "split": "splits are as large",
    "license": "licences are the same",
}


def moved_rules(says: str, max_drift: float) -> list[Rule]:
    """About a table with a column `shift`."""
    return _since_profile(_at_most(says, "shift", max_drift))


def _same(says: str, column: str, mostly: float = 1.0) -> Rule:
    kwargs: dict[str, Any] = {
        "column_A": column,
        "column_B": f"{column}_before",
        "mostly": mostly,
    }
    return _rule(says, EQUAL, "warning", **kwargs)


# About examples that the profile remembers.
REMEMBERED_RULES = _since_profile(
    _same("no example moved to another split", "split"),
    _same("hardly an example has another label than before", "label", 1 - MAX_CHANGED),
    _same("hardly an example has another image than before", "image", 1 - MAX_CHANGED),
)
