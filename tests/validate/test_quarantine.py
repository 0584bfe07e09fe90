"""A row that cannot be used is set aside, with the reason; the others are assessed without it."""

import pytest

from tests.support.assessments import failures, look_at, make_unreadable
from tests.support.tables import good_columns

# What is set in e0007, which is in train, and the rule and the reason that it is set aside by.
SINGLE_ROWS = [
    ({"label": None}, "every example has a label", "unlabelled"),
    ({"label": "bird"}, "every label is a class", "unknown label"),
    ({"split": None}, "every example has a split", "no split"),
    ({"split": "holdout"}, "every split is train, val or test", "unknown split"),
    ({"license": None}, "every example has a licence", "no licence"),
    ({"license": " TBD"}, "every licence says something", "no licence"),
    ({"sha256": None}, "every example is measured", "not measured"),
    ({"dhash": None}, "every example is measured", "not measured"),
    ({"brightness": float("nan")}, "every example is measured", "not measured"),
    ({"sharpness": None}, "every example is measured", "not measured"),
    ({"contrast": 0.6}, "every example is measured", "not measured"),
    ({"red": 255.0}, "every example is measured", "not measured"),
    ({"contrast": 0.001}, "no image is blank", "blank"),
    ({"brightness": 0.001}, "no image is all black or all white", "black or white"),
    ({"brightness": 0.999}, "no image is all black or all white", "black or white"),
    ({"width": 241}, "no image is ten times as long as wide", "a strip"),
    ({"height": 321}, "no image is ten times as long as wide", "a strip"),
]


@pytest.mark.parametrize(("values", "rule", "reason"), SINGLE_ROWS, ids=lambda v: str(v)[:30])
def test_a_row_that_cannot_be_used_is_set_aside(values, rule, reason):
    columns = good_columns()
    for name, value in values.items():
        columns[name][7] = value
    found = look_at(columns)
    assert failures(found) == {rule: "set aside"}
    assert found.quarantine == {"e0007": reason}
    (outcome,) = found.failed("set aside")
    assert (outcome.failed_ids, outcome.observed) == (("e0007",), "1 of 100 examples: e0007")
    assert found.profile["examples"] == 99


def test_an_unreadable_image_is_set_aside_with_what_is_wrong_with_it():
    columns = good_columns()
    make_unreadable(columns, 7)
    columns["label"][7] = None  # the first reason counts, and this one above all
    found = look_at(columns)
    assert found.quarantine == {"e0007": "unreadable: no image: PNG or JPEG expected"}
    assert failures(found) == {
        "every example can be read": "set aside",
        "every example has a label": "set aside",
    }


def test_the_first_of_several_reasons_counts_and_they_come_in_the_order_of_ids():
    columns = good_columns()
    columns["label"][30] = columns["license"][30] = None
    columns["contrast"][5] = 0.0
    columns["split"][50] = "extra"
    found = look_at(columns)
    assert list(found.quarantine.items()) == [
        ("e0005", "blank"),
        ("e0030", "unlabelled"),
        ("e0050", "unknown split"),
    ]


def test_what_is_set_aside_is_not_looked_at_further():
    columns = good_columns()
    columns["sha256"][7] = columns["sha256"][8]  # a leak, if it counted
    columns["dhash"][7] = columns["dhash"][8]
    columns["label"][7] = None
    assert failures(look_at(columns)) == {"every example has a label": "set aside"}


def test_nothing_is_left():
    columns = good_columns(10)
    columns["license"] = ["unknown"] * 10
    found = look_at(columns)
    assert failures(found) == {"every licence says something": "set aside"}
    assert len(found.quarantine) == 10
    assert found.profile == {}
