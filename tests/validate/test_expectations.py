"""Great Expectations is asked, and what it answers is said in words people understand."""

import pandas as pd
import pytest

from pipeline.dataset.catalog import Expectation
from pipeline.dataset.expectations.rules import Rule
from pipeline.runtime.errors import SettingsError
from pipeline.validate.expectations import Outcome, check, is_about_rows, rule_of

NUM = 40
BETWEEN = "expect_column_values_to_be_between"
IN_SET = "expect_column_values_to_be_in_set"
MEAN_BETWEEN = "expect_column_mean_to_be_between"
TABLE = pd.DataFrame(
    {
        "id": [f"e{i:02d}" for i in range(NUM)],
        "label": pd.Categorical(["cat", "dog"] * 20),
        "width": [8.0] * (NUM - 1) + [float("nan")],
        "brightness": [0.25, 0.75] * 20,
        "copied_from": [None] * (NUM - 1) + ["e00"],
    }
)


def expectation(type: str, severity: str = "critical", **kwargs) -> Expectation:
    return Expectation(type=type, kwargs=kwargs, severity=severity)


def ask(type: str, severity: str = "critical", **kwargs) -> Outcome:
    (outcome,) = check(TABLE, [rule_of(expectation(type, severity, **kwargs))])
    return outcome


def test_outcomes_come_in_the_order_of_the_rules_with_consequence_and_findings():
    expectations = [
        expectation(MEAN_BETWEEN, "warning", column="brightness", min_value=0.6),
        expectation(MEAN_BETWEEN, column="brightness", max_value=0.4),
        expectation("expect_column_values_to_match_regex", column="id", regex="^e[0-4]"),
        expectation(
            IN_SET,
            column="label",
            value_set=["dog", "a name that makes the list longer than a line"],
        ),
        expectation(BETWEEN, "warning", column="brightness", max_value=0.5),
    ]
    outcomes = check(TABLE, [rule_of(one) for one in expectations])
    even, odd = ([f"e{i:02d}" for i in range(start, NUM, 2)] for start in (0, 1))
    assert [
        (o.name, o.consequence, o.success, o.observed, list(o.failed_ids)) for o in outcomes
    ] == [
        ("brightness: mean to be between (min_value 0.6)", "warning", False, "0.5", []),
        ("brightness: mean to be between (max_value 0.4)", "critical", False, "0.5", []),
        ("id: values to match regex (regex ^e[0-4])", "set aside", True, "", []),
        (
            "label: values to be in set "
            "(value_set ['dog', 'a name that makes the list longer than...)",
            "set aside",
            False,
            "20 of 40 examples: e00, e02, e04 …",
            even,
        ),
        (
            "brightness: values to be between (max_value 0.5)",
            "warning",
            False,
            "20 of 40 examples: e01, e03, e05 …",
            odd,
        ),
    ]


@pytest.mark.parametrize(
    ("type", "kwargs", "about_rows"),
    [
        (BETWEEN, {"column": "width"}, True),
        ("expect_column_pair_values_to_be_equal", {"column_A": "id", "column_B": "id"}, True),
        ("expect_compound_columns_to_be_unique", {"column_list": ["id", "label"]}, True),
        (MEAN_BETWEEN, {"column": "width"}, False),
        ("expect_table_row_count_to_equal", {"value": 1}, False),
    ],
)
def test_only_a_critical_expectation_about_rows_sets_rows_aside(type, kwargs, about_rows):
    assert is_about_rows(expectation(type)) is about_rows
    critical = rule_of(expectation(type, **kwargs))
    assert critical.reason == (critical.says if about_rows else None)
    assert rule_of(expectation(type, "warning", **kwargs)).reason is None


def test_a_rule_says_what_it_is_given_to_say():
    rule = Rule(expectation(BETWEEN, column="brightness", max_value=0.5), "dark", "too bright")
    (outcome,) = check(TABLE, [rule], "photos")
    assert (outcome.name, outcome.consequence) == ("dark", "set aside")
    assert outcome.observed == "20 of 40 photos: e01, e03, e05 …"


def test_mostly_may_hold_although_some_rows_fail():
    outcome = ask(BETWEEN, "warning", column="brightness", max_value=0.5, mostly=0.5)
    assert outcome.success
    assert len(outcome.failed_ids) == 20
    assert not ask(BETWEEN, "warning", column="brightness", max_value=0.5, mostly=0.51).success


def test_a_missing_value_is_not_compared_but_is_not_there():
    assert ask(BETWEEN, column="width", min_value=1).success
    outcome = ask("expect_column_values_to_not_be_null", column="width")
    assert (outcome.success, outcome.failed_ids) == (False, ("e39",))


def test_a_pair_of_columns_names_the_rows_that_differ():
    outcome = ask(
        "expect_column_pair_values_to_be_equal",
        column_A="id",
        column_B="copied_from",
        ignore_row_if="either_value_is_missing",
    )
    assert (outcome.success, outcome.failed_ids) == (False, ("e39",))


def test_values_that_are_missing_from_the_table_are_named():
    outcome = ask(
        "expect_column_distinct_values_to_contain_set",
        column="label",
        value_set=["dog", "eel", "bat"],
    )
    assert (outcome.success, outcome.observed) == (False, "missing: bat, eel")


def test_an_expectation_with_a_row_condition():
    """It looks at columns that it does not name as arguments."""
    condition = {"row_condition": 'label=="cat"', "condition_parser": "pandas"}
    assert ask(BETWEEN, column="brightness", max_value=0.5, **condition).success
    assert not ask(BETWEEN, column="brightness", min_value=0.5, **condition).success


def test_long_ids_do_not_break_the_line():
    table = pd.DataFrame({"id": ["x" * 200, "y" * 200], "width": [1, 1]})
    rule = rule_of(expectation(BETWEEN, column="width", min_value=2))
    (outcome,) = check(table, [rule])
    assert outcome.observed == f"2 of 2 examples: {'x' * 120}"
    assert outcome.failed_ids == ("x" * 200, "y" * 200)


def test_rows_are_named_whatever_the_index_of_the_table():
    rule = rule_of(expectation(BETWEEN, column="brightness", max_value=0.5))
    (outcome,) = check(TABLE[30:34], [rule])
    assert outcome.failed_ids == ("e31", "e33")


def test_the_same_expectation_twice_has_two_outcomes():
    rule = rule_of(expectation("expect_table_row_count_to_equal", value=NUM))
    assert [outcome.success for outcome in check(TABLE, [rule, rule])] == [True, True]


def test_equal_expectations_of_other_severity_are_both_asked():
    rules = [
        rule_of(expectation(MEAN_BETWEEN, severity, column="brightness", max_value=0.1))
        for severity in ("critical", "warning")
    ]
    assert [o.consequence for o in check(TABLE, rules)] == ["critical", "warning"]


def test_no_rules_no_outcomes():
    assert check(TABLE, []) == []


def test_the_table_stays_as_it_is():
    before = TABLE.copy(deep=True)
    ask(BETWEEN, column="width", min_value=1)
    pd.testing.assert_frame_equal(before, TABLE)


def refusal(type: str, **kwargs) -> str:
    with pytest.raises(SettingsError) as caught:
        ask(type, **kwargs)
    return str(caught.value)


def test_an_expectation_of_unknown_type():
    assert refusal("expect_the_unexpected") == (
        "ERROR expectation expect_the_unexpected cannot be made: expect_the_unexpected not found "
        "| fix: see the gallery of Great Expectations for types and their arguments"
    )


def test_an_expectation_without_a_needed_argument():
    assert refusal(IN_SET, column="width") == (
        "ERROR expectation expect_column_values_to_be_in_set cannot be made: 1 validation error "
        "for ExpectColumnValuesToBeInSet value_set field required (type=value_error.missing) "
        "| fix: see the gallery of Great Expectations for types and their arguments"
    )


def test_an_expectation_about_a_column_that_is_not_there():
    assert refusal(BETWEEN, column="depth", min_value=1) == (
        "ERROR expectation depth: values to be between (min_value 1) could not be evaluated: "
        'Error: The column "depth" in BatchData does not exist. '
        "| fix: check its column and arguments in the catalog entry"
    )
