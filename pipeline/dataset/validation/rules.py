"""Rules: expectations with the words that people read, as stages, modalities and targets make them.

Where rows that fail cannot be used, a rule has a reason: they are set aside under it. Without one,
a critical rule stops the run and any other is a warning. Great Expectations is asked in
pipeline/validate alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from pipeline.dataset.catalog import Expectation

DATA, PROFILE = "data", "profile"
NOT_NULL, IS_NULL = "expect_column_values_to_not_be_null", "expect_column_values_to_be_null"
IN_SET, EQUAL = "expect_column_values_to_be_in_set", "expect_column_pair_values_to_be_equal"
BETWEEN = "expect_column_values_to_be_between"
MEAN_BETWEEN = "expect_column_mean_to_be_between"


@dataclass(frozen=True)
class Rule:
    """An expectation with the words that people read when it fails."""

    expectation: Expectation
    says: str
    """What is expected, in a few words."""
    reason: str | None = None
    """Why rows that fail are set aside; None where they are not."""
    about: str = DATA
    """DATA as they are, or what has changed since the accepted PROFILE."""

    @property
    def column(self) -> Any:
        return self.expectation.kwargs.get("column")


def rule(
    says: str,
    type: str,
    severity: Literal["critical", "warning"],
    reason: str | None = None,
    **kwargs: Any,
) -> Rule:
    return Rule(Expectation(type=type, kwargs=kwargs, severity=severity), says, reason)


def since_profile(rules: Sequence[Rule]) -> list[Rule]:
    """Rules about what has changed since people accepted a profile."""
    return [replace(rule, about=PROFILE) for rule in rules]


def each(says: str, column: str, wanted: bool, **more: Any) -> Rule:
    """A rule about a column of truth values. It is a set of one value, which Great Expectations
    looks up a hundred times as fast as bounds."""
    return rule(says, IN_SET, column=column, value_set=[wanted], **more)


def set_aside(says: str, column: str, wanted: bool, reason: str) -> Rule:
    """A rule about a column of truth values, by which rows are set aside."""
    return each(says, column, wanted, severity="critical", reason=reason)


def at_most(says: str, column: str, limit: float) -> Rule:
    return rule(says, BETWEEN, "warning", column=column, max_value=limit)


def at_least(
    says: str, column: str, limit: float, severity: Literal["critical", "warning"] = "warning"
) -> Rule:
    return rule(says, BETWEEN, severity, column=column, min_value=limit)


def moved(says: str, max_drift: float) -> list[Rule]:
    """About a table with a column `shift`: how far something has moved from the profile."""
    return since_profile([at_most(says, "shift", max_drift)])
