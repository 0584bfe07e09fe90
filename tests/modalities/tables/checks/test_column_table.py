"""What validate says of each column, by itself and since the profile."""

import json

import numpy as np
import pandas as pd
import pytest

from pipeline.modalities.tables.checks.column_table import column_rules, column_table
from pipeline.modalities.tables.checks.interface import add_relations, profile, tables

KINDS = {"age": "number", "ward": "category", "code": "category", "fee": "number"}
CONTENT = {"options": {"columns": [{"name": n, "kind": k} for n, k in KINDS.items()]}}
NUM = 400


def rows(seed=0, num=NUM, **changed):
    """Rows of CONTENT; `changed` has functions of (row, random) for some columns."""
    random = np.random.default_rng(seed)
    made, labels = [], []
    for number in range(num):
        label = number % 2
        row = {
            "age": int(random.integers(20, 80)) + 5 * label,
            "ward": str(random.choice(["A", "B", "C"])),
            "code": str(random.choice(["x", "y"])),
            "fee": None if random.random() < 0.1 else round(float(random.normal()), 3),
        }
        row |= {name: make(label, random) for name, make in changed.items()}
        made.append(json.dumps(row))
        labels.append("ab"[label])
    split = np.where(
        np.arange(num) % 5 < 3, "train", np.where(np.arange(num) % 5 == 3, "val", "test")
    )
    return pd.DataFrame(
        {
            "row": made,
            "label": pd.Categorical(labels),
            "split": pd.Categorical(split, ["train", "val", "test"]),
            "group": None,
            "sha256": made,
        }
    )


def profile_of(table):
    return {"examples": len(table), "groups": len(table), **profile(table, CONTENT)}


def failing(table, before=None, max_drift=0.1):
    """Column and what is said, for each rule that a column fails."""
    found = column_table(table, CONTENT, before)
    failed = []
    for rule in column_rules(before, max_drift):
        values, kwargs = found[rule.column], rule.expectation.kwargs
        wrong = (
            ~values.isin(kwargs["value_set"])
            if "value_set" in kwargs
            else values > kwargs["max_value"]
        )
        failed += [(id, rule.column) for id in found["id"][wrong]]
    return failed


def test_honest_columns_are_fine_also_as_compared_with_another_sample():
    for seed in range(5):
        before = profile_of(rows(seed=100 + seed))
        assert failing(rows(seed), before) == []


@pytest.mark.parametrize(
    ("column", "make"),
    [
        ("code", lambda label, random: "pq"[label]),
        ("fee", lambda label, random: float(random.random()) if label else None),
        ("fee", lambda label, random: float(random.random() * (label and random.random() < 0.95))),
        ("age", lambda label, random: label * 10 + float(random.random())),
    ],
)
def test_a_column_that_tells_the_label_alone_is_named(column, make):
    assert (column, "tells") in failing(rows(**{column: make}))


def test_a_constant_column_is_named():
    assert failing(rows(ward=lambda label, random: "A")) == [("ward", "constant")]


def test_a_category_that_train_lacks_is_named():
    table = rows()
    test = table["split"] == "test"
    table.loc[test, "row"] = [t.replace('"A"', '"Z"') for t in table.loc[test, "row"]]
    assert ("ward", "unseen") in failing(table)


@pytest.mark.parametrize(
    ("column", "make", "what"),
    [
        ("ward", lambda label, random: str(random.choice(["A", "B", "D"])), "unknown"),
        ("ward", lambda label, random: "A" if random.random() < 0.8 else "B", "moved"),
        ("age", lambda label, random: 12 * int(random.integers(20, 80)), "outside"),
        ("age", lambda label, random: None if random.random() < 0.3 else 50, "more_missing"),
    ],
)
def test_what_changed_since_the_profile_is_named_with_its_column(column, make, what):
    assert (column, what) in failing(rows(seed=1, **{column: make}), profile_of(rows()))


def test_a_column_that_is_gone_or_new_is_named():
    before = profile_of(rows())
    before["column old.missing"] = 0.0
    del before["column code.missing"]
    assert {("old", "is_new"), ("code", "is_new")} <= set(failing(rows(seed=1), before))


def test_numbers_to_be_predicted_are_told_by_their_ranks():
    table = rows(fee=lambda label, random: float(random.normal()))
    values = [json.loads(text)["fee"] for text in table["row"]]
    table["label"] = np.exp(np.array(values) * 2)
    assert failing(table) == [("fee", "tells")]
    table["label"] += np.random.default_rng(0).normal(0, 3, NUM)
    assert failing(table) == []


def test_tables_have_names_of_columns_for_ids():
    (of_columns,) = tables(rows(), CONTENT, None, type("S", (), {"max_drift": 0.1}))
    assert list(of_columns.rows["id"]) == ["age", "fee", "ward", "code"]
    assert of_columns.noun == "columns"


def test_rows_that_say_little_are_no_copies_of_each_other():
    table = rows(num=200, age=lambda label, random: 5, fee=lambda label, random: None)
    table["repeated"], table["leaked"] = True, True
    add_relations(table)
    assert not table["repeated"].any()
    draw = lambda label, random: float(random.normal())  # noqa: E731
    distinct = rows(num=200, age=draw, fee=draw)
    distinct["repeated"], distinct["leaked"] = True, False
    add_relations(distinct)
    assert distinct["repeated"].all()


@pytest.mark.parametrize("placeholder", [-999, 0.5])
def test_a_number_that_fills_many_rows_at_once_is_named(placeholder):
    before = profile_of(rows(seed=1))

    def fee(label, random):
        return placeholder if random.random() < 0.3 else round(float(random.normal()), 3)

    assert ("fee", "heaped") in failing(rows(fee=fee), before)
    assert failing(rows(2, fee=fee), profile_of(rows(3, fee=fee))) == []  # it was so before
