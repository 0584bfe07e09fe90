"""Good data fail nothing; data broken in one way fail the expectation that is there for it."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from pipeline.dataset.expectations.drift import Profile
from tests.support.assessments import Columns, failures, look_at, make_unreadable
from tests.support.tables import CLASSES, good_columns, table_of


@pytest.fixture(scope="module")
def profile() -> Profile:
    """Of 600 good examples."""
    return look_at(good_columns(600)).profile


def test_good_data_fail_nothing(profile):
    found = look_at(good_columns(600), before=profile)
    assert failures(found) == {}
    assert found.quarantine == {}
    assert found.profile == profile
    assert len({outcome.name for outcome in found.outcomes}) == len(found.outcomes)


def test_other_data_of_the_same_kind_fail_nothing(profile):
    columns = good_columns(600, seed=1)
    columns["id"] = [f"other {id}" for id in columns["id"]]
    found = look_at(columns, before=profile)
    assert failures(found) == {}
    assert found.profile != profile


def test_a_small_dataset_has_no_label_signal():
    found = look_at(good_columns(100))
    assert failures(found) == {}
    assert "label_signal" not in found.profile
    assert dict(found.unjudged()) == {
        "labels have to do with the examples": "too few examples (100), or one label for all",
        "nothing has changed since the accepted profile": "no profile was accepted",
        "val and test are measured like train": (
            "needs some 20 examples or groups in a split and in train; not so val"
        ),
        "labels of val and test fit as those of train": "there is no label signal",
    }


def test_everything_can_be_judged_of_data_that_are_many_and_have_a_profile(profile):
    found = look_at(good_columns(600), before=profile)
    assert found.unjudged() == []
    assert all(outcome.judged for outcome in found.outcomes)


def test_what_lacks_examples_groups_or_a_past_is_said_not_to_be_judged(profile):
    columns = good_columns(40)
    columns["id"] = [f"other {id}" for id in columns["id"]]
    columns["group"] = [None] * len(columns["id"])
    found = look_at(columns, before=profile)
    size = "some 20 examples or groups"
    assert dict(found.unjudged()) == {
        "no group is in two splits": "no example has a group",
        "labels have to do with the examples": "too few examples (40), or one label for all",
        "val and test are measured like train": (
            f"needs {size} in a split and in train; not so val, test"
        ),
        "labels of val and test fit as those of train": "there is no label signal",
        **dict.fromkeys(
            [
                "no example moved to another split",
                "hardly an example has another label than before",
                "hardly an example has other content than before",
            ],
            "needs examples that the profile remembers",
        ),
    }


def test_a_profile_of_too_few_for_a_label_signal_is_said_to_have_none(profile):
    before = {key: value for key, value in profile.items() if key != "label_signal"}
    found = look_at(good_columns(600), before=before)
    assert found.unjudged() == [
        ("labels fit the examples as in the profile", "the profile has no label signal")
    ]


def change(column: str, value: Any, *rows: int) -> Callable[[Columns], None]:
    def spoil(columns: Columns) -> None:
        for row in rows:
            columns[column][row] = value

    return spoil


def copy(row: int, *to: int, columns_copied: tuple[str, ...] = ("sha256",)) -> Any:
    def spoil(columns: Columns) -> None:
        for name in columns_copied:
            for other in to:
                columns[name][other] = columns[name][row]

    return spoil


LOOK = ("dhash", "brightness", "contrast")


WHOLE_TABLES = [
    ("no id", change("id", None, 7), {"every example has an id": "critical"}),
    ("an id twice", change("id", "e0008", 7), {"every id is there once": "critical"}),
    ("a group in two splits", change("group", "b", 0, 7), {
        "no group is in two splits": "critical",
    }),
    ("a leak", copy(0, 8), {
        "no example is in two splits": "warning",
        "hardly an example is there twice": "warning",
    }),
    ("a copy", copy(0, 1), {"hardly an example is there twice": "warning"}),
    ("three near copies", copy(0, 1, 2, 3, 4, columns_copied=LOOK), {
        "few images look alike": "warning",
    }),
    ("two near leaks", lambda c: (copy(0, 8, columns_copied=LOOK)(c),
                                  copy(1, 18, columns_copied=LOOK)(c)), {
        "hardly an image looks like one in another split": "warning",
    }),
    ("an odd size", change("width", 33, 7), {
        "no image is of another size than nearly all": "warning",
    }),
    ("no val", change("split", "train", *range(7, 90, 10)), {
        "every class is in val and in test": "warning",
        "train, val and test are there": "critical",
    }),
    ("a class not in train", lambda c: c.update(
        split=["test" if s == "train" and label == "dog" else s
               for s, label in zip(c["split"], c["label"], strict=True)]), {
        "every class is in train": "critical",
        "every class has enough training examples": "warning",
        "val and test are measured like train": "warning",
    }),
    ("few of a class in train", change("label", "cat", *range(31, 90)), {
        "every class has enough training examples": "warning",
    }),
    ("a class not in val", change("split", "test", 7, 27, 47, 67, 87), {
        "every class is in val and in test": "warning",
    }),
    ("test is darker", lambda c: c.update(
        brightness=[b * 0.5 if s == "test" else b
                    for s, b in zip(c["split"], c["brightness"], strict=True)]), {
        "val and test are measured like train": "warning",
    }),
]  # fmt: skip


@pytest.mark.parametrize(
    ("spoil", "expected"), [case[1:] for case in WHOLE_TABLES], ids=[c[0] for c in WHOLE_TABLES]
)
def test_a_table_that_is_broken_as_a_whole(spoil, expected):
    columns = good_columns()
    spoil(columns)
    found = look_at(columns)
    assert failures(found) == expected
    assert found.quarantine == {}


def test_no_id_and_unreadable_at_once():
    columns = good_columns()
    make_unreadable(columns, 7)
    make_unreadable(columns, 8)
    columns["id"][7] = None
    assert "every example has an id" in failures(look_at(columns))


def test_no_rows_at_all():
    found = look_at(table_of(good_columns()).slice(0, 0))
    assert failures(found) == {"there are examples": "critical"}
    (outcome,) = found.failed("critical")
    assert outcome.observed == "0"


@pytest.mark.parametrize("column", ["id", "dhash", "brightness", "problem"])
def test_a_column_that_is_lost_stops_before_anything_else(column):
    found = look_at(table_of(good_columns()).drop_columns(column))
    assert failures(found) == {"every column is there, and of its type": "critical"}
    assert found.outcomes[0].observed == f"1 of 22 columns: {column}"
    assert len(found.outcomes) == 1


def test_columns_of_another_type_or_too_many():
    table = table_of(good_columns())
    place = table.schema.get_field_index("width")
    table = table.set_column(place, "width", table["width"].cast(pa.float64()))
    table = table.append_column("note", pa.nulls(100, pa.string()))
    (outcome,) = look_at(table).outcomes
    assert outcome.observed == "2 of 23 columns: note, width"


def test_shuffled_labels_have_nothing_to_do_with_the_examples():
    columns = good_columns(600)
    columns["label"] = np.random.default_rng(0).permutation(columns["label"]).tolist()
    found = look_at(columns)
    assert failures(found) == {"labels have to do with the examples": "warning"}


def test_labels_of_test_shuffled():
    columns = good_columns(600)
    test = [row for row, split in enumerate(columns["split"]) if split == "test"]
    labels = np.random.default_rng(0).permutation([columns["label"][row] for row in test])
    for row, label in zip(test, labels.tolist(), strict=True):
        columns["label"][row] = label
    found = look_at(columns)
    assert failures(found) == {"labels of val and test fit as those of train": "warning"}


def test_half_of_the_rows_are_gone_since_the_profile(profile):
    columns = {name: values[100:400] for name, values in good_columns(600).items()}
    found = look_at(columns, before=profile)
    assert failures(found) == {"no examples were lost since the profile": "warning"}
    (outcome,) = found.failed("warning")
    assert outcome.observed == "300"


def swap_names(columns: Columns) -> None:
    columns["label"] = [CLASSES[1 - CLASSES.index(label)] for label in columns["label"]]


def flip_some(columns: Columns) -> None:
    for row in range(0, 600, 10):
        columns["label"][row] = CLASSES[1 - CLASSES.index(columns["label"][row])]


def swap_red_and_blue(columns: Columns) -> None:
    columns["red"], columns["blue"] = columns["blue"], columns["red"]


SINCE_THE_PROFILE = [
    (swap_names, {
        "classes look as in the profile",
        "hardly an example has another label than before",
    }),
    (flip_some, {
        "classes look as in the profile",
        "labels fit the examples as in the profile",
        "hardly an example has another label than before",
    }),
    (swap_red_and_blue, {
        "classes look as in the profile",
        "measurements are as in the profile",
    }),
    (change("license", "CC-BY-NC-4.0", 7), {"licences are the same as in the profile"}),
    (change("split", "train", *range(19, 589, 20)), {
        "no example moved to another split",
        "splits are as large as in the profile",
    }),
]  # fmt: skip


@pytest.mark.parametrize(("spoil", "expected"), SINCE_THE_PROFILE, ids=range(5))
def test_what_changed_since_the_profile(spoil, expected, profile):
    columns = good_columns(600)
    spoil(columns)
    found = look_at(columns, before=profile)
    assert failures(found) == dict.fromkeys(expected, "warning")
