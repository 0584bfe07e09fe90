"""A profile has the examples of each class by split, and its means."""

import pandas as pd

from pipeline.targets.classes.rules.profile import MAX_CLASSES_WITH_MEANS, class_counts, profile
from tests.support.profiles import NAMES, frame, profile_of
from tests.support.tables import CLASSES

NUM = 1000


def test_a_class_without_examples_has_counts_and_no_means():
    profile = profile_of(frame(), [*CLASSES, "eel"])
    assert [key for key in profile if key.startswith("class.eel")] == [
        "class.eel.train",
        "class.eel.val",
        "class.eel.test",
    ]


def test_keys_go_by_class():
    dog = frame()["label"] == "dog"
    keys = list(profile(frame()[dog], NAMES, {"classes": ["eel", "dog"]}))
    splits = ("train", "val", "test")
    expected = [f"class.eel.{split}" for split in splits]
    expected += [f"class.dog.{key}" for key in (*splits, *NAMES)]
    assert keys == expected


def test_only_the_most_frequent_of_many_classes_have_means():
    table = frame(2 * MAX_CLASSES_WITH_MEANS + 3)
    names = [f"c{row // 2}" for row in range(len(table))]
    table["label"] = pd.Categorical(names)
    found = profile(table, NAMES, {"classes": sorted(set(names))})
    assert len([key for key in found if key.endswith(".warmth")]) == MAX_CLASSES_WITH_MEANS
    assert f"class.{names[-1]}.warmth" not in found  # the only one with a single example


def test_counts_before():
    assert class_counts(profile_of(frame(NUM))) == {"cat": 500, "dog": 500}
    odd = {"class.a.b.train": 3, "class.a.b.width": 0.5, "class.a.b.val": 1, "class.c.train": 0}
    assert class_counts(odd) == {"a.b": 4}
