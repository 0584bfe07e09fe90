"""Rules for every dataset, of any modality and target.

The modality and the target add rules, in their places among these. assessment.py makes the columns
that are not in data/raw, and checks the rules.
"""

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from pipeline.dataset.catalog import Expectation
from pipeline.dataset.expectations.drift import Profile, as_frequent
from pipeline.dataset.expectations.rules import (
    EQUAL,
    IN_SET,
    IS_NULL,
    MIN_COMPARED,
    NOT_NULL,
    NUM_ROWS,
    Rule,
    at_least,
    at_most,
    each,
    rule,
    set_aside,
    since_profile,
    unjudged,
)
from pipeline.dataset.table import SPLITS
from pipeline.validate.profile import counts_before

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
    rule("there are examples", NUM_ROWS, "critical", min_value=1),
    rule("every example has an id", NOT_NULL, "critical", column="id"),
    rule("every id is there once", "expect_column_values_to_be_unique", "critical", column="id"),
]


def row_rules(
    of_labels: Sequence[Rule], of_content: Sequence[Rule], own: Sequence[Expectation]
) -> list[Rule]:
    """Rules about each example; those that fail are set aside.

    An expectation of the entry about a column replaces a rule in `of_content` about it.
    """
    taken_over = {expectation.kwargs.get("column") for expectation in own}
    return [
        rule("every example can be read", IS_NULL, "critical", "unreadable", column="problem"),
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
        set_aside("every licence says something", "licensed", True, reason="no licence"),
        set_aside("every example is measured", "measured", True, reason="not measured"),
        *(rule for rule in of_content if rule.column not in taken_over),
    ]


def whole_groups(grouped: bool) -> Rule:
    """The rule that splits keep groups whole, which a split by time need not.

    `grouped` says whether any example has a group.
    """
    says = "no group is in two splits"
    if not grouped:
        return unjudged(says, "no example has a group")
    return each(says, "straddles", False, "critical")


def table_rules(across_splits: Sequence[Rule], among_examples: Sequence[Rule]) -> list[Rule]:
    """Rules about relations between the examples that remain."""
    return [
        each("no example is in two splits", "leaked", False, "warning"),
        *across_splits,
        each(
            "hardly an example is there twice",
            "repeated",
            False,
            "warning",
            mostly=1 - MAX_REPEATED,
        ),
        *among_examples,
    ]


TIME_RULES = [
    replace(
        each("no example lies behind a large gap in time", "beyond_gap", False, "warning"),
        advice="times with a wrong year or unit, or data from a time that is missing between",
    )
]


def split_rules(max_drift: float, *, with_signal: bool) -> list[Rule]:
    """Rules about the table of splits; `with_signal` says whether there is a label signal."""
    size = f"some {MIN_COMPARED} examples or groups in a split and in train"
    labels_fit = "labels of val and test fit as those of train"
    return [
        at_least("train, val and test are there", "examples", 1, "critical"),
        at_most("val and test are measured like train", "gap", max_drift, size),
        at_most(labels_fit, "signal_lost", max_drift, size)
        if with_signal
        else unjudged(labels_fit, "there is no label signal"),
    ]


WITHOUT_PROFILE = [
    since_profile(
        unjudged("nothing has changed since the accepted profile", "no profile was accepted")
    )
]
"""Takes the place of all rules about changes if there is no profile."""


def drift_rules(
    table: pd.DataFrame, of_labels: Sequence[Rule], before: Profile, max_drift: float
) -> list[Rule]:
    """Rules that compare the examples that remain with the profile."""
    return [
        since_profile(
            rule(
                "no examples were lost since the profile",
                NUM_ROWS,
                "warning",
                min_value=round((1 - max_drift) * before["examples"]),
            )
        ),
        *of_labels,
        *(
            as_frequent(
                f"{what} as in the profile",
                column,
                counts_before(before, column),
                table,
                before,
                max_drift,
            )
            for column, what in COMPARED.items()
        ),
    ]


COMPARED = {"split": "splits are as large", "license": "licences are the same"}


def _same(says: str, column: str, mostly: float = 1.0) -> Rule:
    same = rule(says, EQUAL, "warning", column_A=column, column_B=f"{column}_before", mostly=mostly)
    return since_profile(replace(same, needs="examples that the profile remembers"))


# Rules about examples that the profile remembers.
REMEMBERED_RULES = [
    _same("no example moved to another split", "split"),
    _same("hardly an example has another label than before", "label", 1 - MAX_CHANGED),
    _same("hardly an example has other content than before", "content", 1 - MAX_CHANGED),
]
