"""Each expectation holds on good data, and fails on data broken in just its way."""

import pandas as pd
import pytest

from pipeline.dataset.catalog import Expectation
from pipeline.dataset.expectations import Outcome, add_derived_columns, built_in, check
from pipeline.runtime.errors import SettingsError

CLASSES = ["cat", "dog"]
NUM = 40  # 30 train, 5 val, 5 test; classes alternate
SPLITS = "split: distinct values to contain set (value_set ['train', 'val', 'test'])"
TRAIN_LABELS = "train_label: distinct values to contain set (value_set ['cat', 'dog'])"


def good_table() -> pd.DataFrame:
    table = {
        "id": [f"e{i:02d}" for i in range(NUM)],
        "label": [CLASSES[i % 2] for i in range(NUM)],
        "split": ["train"] * 30 + ["val"] * 5 + ["test"] * 5,
        "group": [f"g{i // 5}" if i >= 20 else None for i in range(NUM)],
        "sha256": [f"{i:064x}" for i in range(NUM)],
        "license": ["CC0-1.0"] * NUM,
        "width": [8] * NUM,
        "height": [8] * NUM,
        "contrast": [0.2] * NUM,
        "brightness": [0.5] * NUM,
    }
    return pd.DataFrame(table).astype({"group": "str"})


def outcomes_of(table: pd.DataFrame) -> list[Outcome]:
    return check(add_derived_columns(table), built_in(CLASSES, 10))


def test_all_hold_on_good_data():
    assert [(one.severity, one.name) for one in outcomes_of(good_table())] == [
        ("critical", "table row count to be between (min_value 1)"),
        ("critical", "id: values to not be null"),
        ("critical", "id: values to be unique"),
        ("critical", "label: values to not be null"),
        ("critical", "label: values to be in set (value_set ['cat', 'dog'])"),
        ("critical", "split: values to be in set (value_set ['train', 'val', 'test'])"),
        ("critical", SPLITS),
        ("critical", TRAIN_LABELS),
        ("critical", "splits_of_group: max to be between (max_value 1)"),
        ("critical", "width: values to be between (min_value 1)"),
        ("critical", "height: values to be between (min_value 1)"),
        ("critical", "license: values to not be null"),
        ("warning", "contrast: values to be between (min_value 0.005)"),
        ("warning", "brightness: values to be between (min_value 0.005, max_value 0.995)"),
        ("warning", "aspect_ratio: values to be between (min_value 0.2, max_value 5)"),
        ("warning", "sha256: proportion of unique values to be between (min_value 0.95)"),
        ("warning", "examples_of_class: min to be between (min_value 10)"),
    ]
    assert [one for one in outcomes_of(good_table()) if not one.success or one.failed_ids] == []


ROW = "1 of 40 examples: e07"

# What is set in which rows, and what then fails: name, what was found, ids.
BREAKS = [
    ("id", [7], None, "id: values to not be null", "1 of 40 examples: nan", ("nan",)),
    ("id", [7], "e08", "id: values to be unique", "1 of 40 examples: e08", ("e08",)),
    ("label", [7], None, "label: values to not be null", ROW, ("e07",)),
    (
        "label",
        [37],
        "bird",
        "label: values to be in set (value_set ['cat', 'dog'])",
        "1 of 40 examples: e37",
        ("e37",),
    ),
    (
        "split",
        [7],
        "extra",
        "split: values to be in set (value_set ['train', 'val', 'test'])",
        ROW,
        ("e07",),
    ),
    ("split", range(35, 40), "val", SPLITS, "missing: test", ()),
    ("split", range(30, 40), "train", SPLITS, "missing: test, val", ()),
    ("group", [0, 39], "g", "splits_of_group: max to be between (max_value 1)", "2", ()),
    ("license", [7], None, "license: values to not be null", ROW, ("e07",)),
    ("contrast", [7], 0.001, "contrast: values to be between (min_value 0.005)", ROW, ("e07",)),
    (
        "contrast",
        range(7, 11),
        0.0,
        "contrast: values to be between (min_value 0.005)",
        "4 of 40 examples: e07, e08, e09 …",
        ("e07", "e08", "e09", "e10"),
    ),
    (
        "brightness",
        [7],
        0.001,
        "brightness: values to be between (min_value 0.005, max_value 0.995)",
        ROW,
        ("e07",),
    ),
    (
        "brightness",
        [7],
        0.999,
        "brightness: values to be between (min_value 0.005, max_value 0.995)",
        ROW,
        ("e07",),
    ),
    (
        "width",
        [7],
        41,
        "aspect_ratio: values to be between (min_value 0.2, max_value 5)",
        ROW,
        ("e07",),
    ),
    (
        "height",
        [7],
        41,
        "aspect_ratio: values to be between (min_value 0.2, max_value 5)",
        ROW,
        ("e07",),
    ),
    (
        "sha256",
        range(4),
        "0",
        "sha256: proportion of unique values to be between (min_value 0.95)",
        "0.925",
        (),
    ),
]


@pytest.mark.parametrize(
    ("column", "rows", "value", "name", "observed", "ids"),
    BREAKS,
    ids=[f"{column}={value}" for column, _, value, *_ in BREAKS],
)
def test_data_broken_in_one_way_fail_that_expectation(column, rows, value, name, observed, ids):
    table = good_table()
    table.loc[list(rows), column] = value
    failed = [one for one in outcomes_of(table) if not one.success]
    assert [(one.name, one.observed, one.failed_ids) for one in failed] == [(name, observed, ids)]


def failures(table: pd.DataFrame) -> dict[str, str]:
    return {one.name: one.observed for one in outcomes_of(table) if not one.success}


@pytest.mark.parametrize("column", ["width", "height"])
def test_an_image_without_extent(column):
    table = good_table()
    table.loc[7, column] = 0
    aspect_ratio = "aspect_ratio: values to be between (min_value 0.2, max_value 5)"
    assert failures(table) == {
        f"{column}: values to be between (min_value 1)": ROW,
        aspect_ratio: ROW,
    }


def test_a_class_without_training_examples():
    table = good_table()
    table.loc[table["split"] == "train", "label"] = "cat"
    assert failures(table) == {TRAIN_LABELS: "missing: dog"}


def test_a_class_with_few_training_examples():
    table = good_table()
    table.loc[range(1, 15, 2), "label"] = "cat"
    assert failures(table) == {"examples_of_class: min to be between (min_value 10)": "8.0"}


def test_no_rows_at_all():
    outcomes = outcomes_of(good_table().iloc[:0])
    assert (outcomes[0].success, outcomes[0].observed) == (False, "0")


def test_derived_columns():
    table = good_table().iloc[[0, 1, 2, 30, 35]].reset_index(drop=True)
    table["group"] = pd.Series(["g", None, "h", "g", "h"], dtype="str")
    table.loc[0, "width"] = 4
    before = table.copy()
    derived = add_derived_columns(table)
    assert derived["train_label"].fillna("").tolist() == ["cat", "dog", "cat", "", ""]
    assert derived["examples_of_class"].fillna(0).tolist() == [2, 1, 2, 0, 0]
    assert derived["aspect_ratio"].tolist() == [0.5, 1, 1, 1, 1]
    assert derived["splits_of_group"].tolist() == [2, 1, 2, 2, 2]
    assert table.equals(before)


def further(type: str, severity: str = "critical", **kwargs) -> list[Outcome]:
    expectation = Expectation(type=type, kwargs=kwargs, severity=severity)
    return check(good_table(), [expectation])


def test_further_expectations_come_in_their_order():
    expectations = [
        Expectation(
            type="expect_column_mean_to_be_between",
            kwargs={"column": "brightness", "min_value": 0.6},
            severity="warning",
        ),
        Expectation(
            type="expect_column_values_to_match_regex",
            kwargs={"column": "id", "regex": "^e[0-3]"},
        ),
        Expectation(
            type="expect_column_values_to_be_in_set",
            kwargs={
                "column": "label",
                "value_set": ["dog", "a name that makes the list longer than a line"],
            },
        ),
    ]
    outcomes = check(good_table(), expectations)
    assert outcomes == [
        Outcome("brightness: mean to be between (min_value 0.6)", "warning", False, "0.5", ()),
        Outcome("id: values to match regex (regex ^e[0-3])", "critical", True, "", ()),
        Outcome(
            "label: values to be in set "
            "(value_set ['dog', 'a name that makes the list longer than...)",
            "critical",
            False,
            "20 of 40 examples: e00, e02, e04 …",
            tuple(f"e{i:02d}" for i in range(0, NUM, 2)),
        ),
    ]


def test_the_same_expectation_twice_has_two_outcomes():
    one = Expectation(type="expect_table_row_count_to_equal", kwargs={"value": NUM})
    assert [outcome.success for outcome in check(good_table(), [one, one])] == [True, True]


def test_no_expectations_no_outcomes():
    assert check(good_table(), []) == []


def refusal(type: str, **kwargs) -> str:
    with pytest.raises(SettingsError) as caught:
        further(type, **kwargs)
    return str(caught.value)


def test_an_expectation_of_unknown_type():
    assert refusal("expect_the_unexpected") == (
        "ERROR expectation expect_the_unexpected cannot be made: expect_the_unexpected not found "
        "| fix: see the gallery of Great Expectations for types and their arguments"
    )


def test_an_expectation_without_a_needed_argument():
    assert refusal("expect_column_values_to_be_in_set", column="width") == (
        "ERROR expectation expect_column_values_to_be_in_set cannot be made: 1 validation error "
        "for ExpectColumnValuesToBeInSet value_set field required (type=value_error.missing) "
        "| fix: see the gallery of Great Expectations for types and their arguments"
    )


def test_an_expectation_about_a_column_that_is_not_there():
    assert refusal("expect_column_values_to_be_between", column="depth", min_value=1) == (
        "ERROR expectation depth: values to be between (min_value 1) could not be evaluated: "
        'Error: The column "depth" in BatchData does not exist. '
        "| fix: check its column and arguments in the catalog entry"
    )
