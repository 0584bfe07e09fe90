"""Classes are counted by split, and those that moved since a profile are named."""

import numpy as np
import pytest

from pipeline.dataset.expectations.drift import Profile
from pipeline.targets.classes.rules.class_table import class_table
from tests.support.profiles import NAMES, frame, profile_of
from tests.support.tables import CLASSES

NUM = 1000


@pytest.fixture(scope="module")
def before() -> Profile:
    return profile_of(frame(NUM))


@pytest.mark.parametrize("seed", range(6))
def test_data_of_the_same_kind_have_not_moved(seed, before):
    assert class_table(frame(NUM, seed), CLASSES, NAMES, before)["shift"].tolist() == [0, 0]


def test_the_class_that_moved_is_named(before):
    table = frame(NUM)
    dogs = (table["label"] == "dog").to_numpy()
    table["contrast"] += np.where(dogs, 0.05, 0).astype(np.float32)
    cat, dog = class_table(table, CLASSES, NAMES, before)["shift"]
    assert cat == 0
    assert dog == pytest.approx(0.05 / before["contrast.std"], rel=0.01)


def test_few_examples_say_nothing_about_means(before):
    """Their spread is unknown, too."""
    table = frame(NUM)
    rare = table[table["label"] == "dog"].index[8:]
    table = table.drop(index=rare).reset_index(drop=True)
    dogs = (table["label"] == "dog").to_numpy()
    table["contrast"] += np.where(dogs, 0.2, 0).astype(np.float32)
    found = class_table(table, CLASSES, NAMES, before)
    assert found["shift"][0] == 0
    assert np.isnan(found["shift"][1])
    assert found["train"].tolist()[1] <= 8


def test_a_class_that_the_profile_has_not(before):
    found = class_table(frame(NUM), [*CLASSES, "eel"], NAMES, before)
    assert found["id"].tolist() == ["cat", "dog", "eel"]
    assert found["train"].tolist()[2] == 0
    assert found["shift"].tolist()[:2] == [0, 0]
    assert np.isnan(found["shift"][2])


def test_classes_are_counted_by_split():
    table = frame(NUM)
    found = class_table(table, CLASSES, NAMES, None).set_index("id")
    for label in CLASSES:
        of = table[table["label"] == label]["split"].value_counts()
        assert found.loc[label, "train"] == of["train"]
        assert found.loc[label, "held_out"] == min(of["val"], of["test"])
    assert "shift" not in found
