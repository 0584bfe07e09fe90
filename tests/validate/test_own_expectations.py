"""Expectations of a catalog entry set rows aside, stop or warn, as it says."""

from typing import Any

import pytest

from pipeline.dataset.catalog import Expectation
from pipeline.runtime.errors import SettingsError
from tests.support.assessments import failures, look_at
from tests.support.tables import good_columns

BETWEEN = "expect_column_values_to_be_between"


def own(type: str, severity: Any = "critical", **kwargs: Any) -> Expectation:
    return Expectation(type=type, kwargs=kwargs, severity=severity)


def test_an_own_expectation_about_rows_sets_those_that_fail_aside():
    found = look_at(
        good_columns(), (own("expect_column_values_to_match_regex", column="id", regex="^e000"),)
    )
    assert len(found.quarantine) == 90
    assert set(found.quarantine.values()) == {"id: values to match regex (regex ^e000)"}


def test_an_own_expectation_about_rows_may_only_warn():
    found = look_at(good_columns(), (own(BETWEEN, "warning", column="width", min_value=33),))
    assert failures(found) == {"width: values to be between (min_value 33)": "warning"}
    assert found.quarantine == {}


def test_an_own_expectation_about_the_table_stops_or_warns():
    expectations = (
        own("expect_column_mean_to_be_between", column="brightness", max_value=0.1),
        own("expect_table_row_count_to_equal", "warning", value=99),
    )
    found = look_at(good_columns(), expectations)
    assert failures(found) == {
        "brightness: mean to be between (max_value 0.1)": "critical",
        "table row count to equal (value 99)": "warning",
    }


def test_an_own_expectation_about_a_look_takes_the_place_of_the_built_in_one():
    columns = good_columns()
    columns["contrast"][7] = 0.0
    allowed = own("expect_column_values_to_be_in_set", column="blank", value_set=[True, False])
    found = look_at(columns, (allowed,))
    assert failures(found) == {}
    assert found.quarantine == {}


def test_an_own_expectation_may_use_the_aspect_ratio():
    columns = good_columns()
    columns["width"][7] = 100
    found = look_at(columns, (own(BETWEEN, column="aspect_ratio", max_value=4),))
    assert found.quarantine == {"e0007": "aspect_ratio: values to be between (max_value 4)"}


def test_an_own_expectation_about_a_column_that_is_not_there():
    with pytest.raises(SettingsError) as caught:
        look_at(good_columns(), (own(BETWEEN, column="depth", min_value=1),))
    assert str(caught.value) == (
        "ERROR expectation depth: values to be between (min_value 1) could not be evaluated: "
        'Error: The column "depth" in BatchData does not exist. '
        "| fix: check its column and arguments in the catalog entry"
    )


@pytest.mark.parametrize("severity", ["critical", "warning"])
@pytest.mark.parametrize(
    ("type", "kwargs"),
    [
        ("expect_column_values_to_be_of_type", {"type_": "str"}),
        ("expect_column_values_to_be_in_type_list", {"type_list": ["str", "bool"]}),
    ],
)
def test_one_that_fails_without_naming_a_row_is_about_the_table(type, kwargs, severity):
    """Types of Great Expectations that look at rows, but say of pandas' columns that all fail."""
    found = look_at(good_columns(), (own(type, severity, column="width", **kwargs),))
    assert list(failures(found).values()) == [severity]
    assert found.quarantine == {}


@pytest.mark.parametrize(
    ("type", "kwargs"),
    [
        (BETWEEN, {"column": "group", "min_value": 1}),
        ("expect_column_values_to_be_unique", {"column": "group"}),
        ("expect_column_values_to_match_regex", {"column": "group", "regex": "^a"}),
        ("expect_column_distinct_values_to_be_in_set", {"column": "group", "value_set": ["a"]}),
        (
            BETWEEN,
            {
                "column": "width",
                "min_value": 99,
                "row_condition": 'mode=="CMYK"',
                "condition_parser": "pandas",
            },
        ),
    ],
)
def test_one_that_had_no_value_to_look_at_does_not_hold(type, kwargs):
    columns = good_columns()
    columns["group"] = [None] * len(columns["id"])
    expectation = own(type, **kwargs)
    found = look_at(columns, (expectation,))
    assert failures(found) == {}
    outcome = next(o for o in found.outcomes if o.rule.expectation == expectation)
    assert not outcome.judged
    assert (outcome.name, f"none of {len(columns['id'])} examples has a value") in found.unjudged()


def test_a_figure_of_no_value_fails_as_its_severity_says():
    columns = good_columns()
    columns["group"] = [None] * len(columns["id"])
    count = own("expect_column_unique_value_count_to_be_between", column="group", min_value=1)
    assert list(failures(look_at(columns, (count,))).values()) == ["critical"]
