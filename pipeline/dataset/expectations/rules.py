"""Rules: expectations of a table, with the words that people read; validate checks them.

Rules are data, so a modality and a target have theirs without knowing Great Expectations. A table
has a row for each example, or for each of something else, such as splits; its column `id` names the
rows that fail. Where examples that fail cannot be used, a rule has a reason: they are set aside
under it. Without one, a critical rule stops the run and any other is a warning.
"""

from dataclasses import dataclass, replace
from typing import Any, Literal

from pipeline.dataset.catalog import Expectation

DATA, PROFILE = "data", "profile"
Severity = Literal["critical", "warning"]

IS_NULL, NOT_NULL = "expect_column_values_to_be_null", "expect_column_values_to_not_be_null"
IN_SET, EQUAL = "expect_column_values_to_be_in_set", "expect_column_pair_values_to_be_equal"
BETWEEN, MEAN_BETWEEN = "expect_column_values_to_be_between", "expect_column_mean_to_be_between"
NUM_ROWS = "expect_table_row_count_to_be_between"

MIN_COMPARED = 20  # groups; with fewer, the error of a mean cannot be estimated


@dataclass(frozen=True)
class Rule:
    """An expectation with the words that people read when it fails."""

    expectation: Expectation
    says: str
    """The expectation, in a few words."""
    reason: str | None = None
    """Why rows that fail are set aside; None if they are not."""
    about: str = DATA
    """DATA for the data themselves, PROFILE for changes since the accepted profile."""
    needs: str = ""
    """What a row needs to be judged; a row without it has no value in the column."""
    lacking: str = ""
    """What is missing to judge it at all: the rule then neither holds nor fails."""
    advice: str = ""
    """What a failure means and what to do, in a line, where `says` is not enough."""

    @property
    def column(self) -> Any:
        return self.expectation.kwargs.get("column")


def rule(
    says: str, type: str, severity: Severity, reason: str | None = None, **kwargs: Any
) -> Rule:
    """A rule from an expectation of Great Expectations, by its type and arguments."""
    return Rule(Expectation(type=type, kwargs=kwargs, severity=severity), says, reason)


def each(says: str, column: str, wanted: bool, severity: Severity, **more: Any) -> Rule:
    """A rule about a column of truth values, as a set of one value: Great Expectations checks a set
    a hundred times as fast as bounds."""
    return rule(says, IN_SET, severity, column=column, value_set=[wanted], **more)


def set_aside(says: str, column: str, wanted: bool, reason: str) -> Rule:
    """A rule about a column of truth values: examples with another one are set aside."""
    return each(says, column, wanted, "critical", reason=reason)


def at_most(says: str, column: str, limit: float, needs: str = "") -> Rule:
    return replace(rule(says, BETWEEN, "warning", column=column, max_value=limit), needs=needs)


def at_least(says: str, column: str, limit: float, severity: Severity = "warning") -> Rule:
    return rule(says, BETWEEN, severity, column=column, min_value=limit)


def unjudged(says: str, lacking: str) -> Rule:
    """A rule that cannot be judged, because something is `lacking`."""
    nothing = rule(says, NUM_ROWS, "warning")
    return replace(nothing, lacking=lacking)


def since_profile(rule: Rule) -> Rule:
    """Mark a rule as being about changes since people accepted a profile."""
    return replace(rule, about=PROFILE)


def hardly_moved(says: str, max_drift: float) -> Rule:
    """A rule about a table whose column `shift` has each row's distance from the profile."""
    needs = f"some {MIN_COMPARED} examples or groups now and in the profile"
    return since_profile(at_most(says, "shift", max_drift, needs))
