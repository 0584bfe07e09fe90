"""What has moved, in units that mean something, and what chance alone may do."""

import numpy as np
import pandas as pd
import pytest

from pipeline.modalities.images.checks.features import FEATURES, add_features
from pipeline.validate.drift import (
    class_table,
    counts_before,
    divergence_by_chance,
    lone_share,
    measurement_table,
    remembered_table,
    signal_bounds,
    split_table,
)
from pipeline.validate.profile import Profile, id_checksums, make_profile
from tests.support.tables import CLASSES, good_columns, table_of

NUM = 1000


def frame(seed: int = 0) -> pd.DataFrame:
    table: pd.DataFrame = table_of(good_columns(NUM, seed)).to_pandas()
    add_features(table)
    return table


@pytest.fixture(scope="module")
def before() -> Profile:
    return make_profile(frame(), CLASSES, id_checksums(frame()))


def test_the_same_data_have_not_moved(before):
    assert class_table(frame(), CLASSES, before)["shift"].tolist() == [0, 0]
    assert measurement_table(frame(), before)["shift"].tolist() == [0] * len(FEATURES)
    assert split_table(frame())["gap"].tolist() == [0, 0, 0]


def test_other_data_of_the_same_kind_have_not_moved(before):
    for seed in range(1, 6):
        assert class_table(frame(seed), CLASSES, before)["shift"].tolist() == [0, 0]
        assert measurement_table(frame(seed), before)["shift"].tolist() == [0] * len(FEATURES)
        assert split_table(frame(seed))["gap"].tolist() == [0, 0, 0]


def test_a_shift_is_in_standard_deviations_of_the_profile(before):
    table = frame()
    table["sharpness"] += np.float32(0.5 * before["sharpness.std"])
    moved = measurement_table(table, before).set_index("id")["shift"]
    assert moved["sharpness"] == pytest.approx(0.5, abs=0.15)  # of the mean, or of a quantile
    assert (moved.drop("sharpness") == 0).all()


def test_a_measurement_may_spread_while_its_mean_stays(before):
    table = frame()
    mean = before["sharpness.mean"]
    table["sharpness"] = mean + (table["sharpness"] - mean) * 2
    moved = measurement_table(table, before).set_index("id")["shift"]
    assert moved["sharpness"] > 0.5


def test_a_constant_measurement_moves_in_hundredths_of_its_size(before):
    table = frame()
    table["width"] = 40  # was 32
    moved = measurement_table(table, before).set_index("id")["shift"]
    assert moved["width"] == pytest.approx(8 / 0.32)


def test_the_class_that_moved_is_named(before):
    table = frame()
    dogs = (table["label"] == "dog").to_numpy()
    table["contrast"] += np.where(dogs, 0.05, 0).astype(np.float32)
    cat, dog = class_table(table, CLASSES, before)["shift"]
    assert cat == 0
    assert dog == pytest.approx(0.05 / before["contrast.std"], rel=0.01)


def test_few_examples_say_nothing_about_means(before):
    """Their spread is unknown, too."""
    table = frame()
    rare = table[table["label"] == "dog"].index[8:]
    table = table.drop(index=rare).reset_index(drop=True)
    dogs = (table["label"] == "dog").to_numpy()
    table["contrast"] += np.where(dogs, 0.2, 0).astype(np.float32)
    found = class_table(table, CLASSES, before)
    assert found["shift"].tolist() == [0, 0]
    assert found["train"].tolist()[1] <= 8


def test_a_class_that_the_profile_has_not(before):
    found = class_table(frame(), [*CLASSES, "eel"], before)
    assert found["id"].tolist() == ["cat", "dog", "eel"]
    assert found["train"].tolist()[2] == 0
    assert found["shift"].tolist() == [0, 0, 0]


def test_classes_are_counted_by_split():
    table = frame()
    found = class_table(table, CLASSES, None).set_index("id")
    for label in CLASSES:
        of = table[table["label"] == label]["split"].value_counts()
        assert found.loc[label, "train"] == of["train"]
        assert found.loc[label, "held_out"] == min(of["val"], of["test"])
    assert "shift" not in found


def test_splits_are_counted_and_compared_with_train():
    table = frame()
    test = (table["split"] == "test").to_numpy()
    table["contrast"] += np.where(test, 0.05, 0).astype(np.float32)
    found = split_table(table).set_index("id")
    assert found["examples"].to_dict() == table["split"].value_counts().to_dict()
    assert found.loc["train", "gap"] == found.loc["val", "gap"] == 0
    std = table[table["split"] == "train"]["contrast"].astype(float).std(ddof=0)
    assert found.loc["test", "gap"] == pytest.approx(0.05 / std, rel=0.2)
    assert (found["signal_lost"] == 0).all()


def test_a_split_that_is_not_there():
    table = frame()
    table = table[table["split"] != "val"].reset_index(drop=True)
    found = split_table(table).set_index("id")
    assert found.loc["val", ["examples", "gap", "signal_lost"]].tolist() == [0, 0, 0]


def test_the_signal_that_a_split_lacks_is_a_share_of_that_of_train():
    table = frame()
    random = np.random.default_rng(0).random(NUM)
    right = np.where(table["split"] == "test", 0.7, 0.9)
    table["label_signal"] = (random < right).astype(float)
    found = split_table(table).set_index("id")
    assert found.loc["test", "signal_lost"] == pytest.approx(0.5, abs=0.1)
    assert found.loc["val", "signal_lost"] == 0


def test_the_divergence_of_samples_of_the_same_stays_below_chance():
    random = np.random.default_rng(0)
    shares = np.array([0.5, 0.3, 0.15, 0.05])
    num, num_before = 500, 2000
    limit = divergence_by_chance(num, num_before, len(shares))
    largest = 0.0
    for _ in range(20_000):
        p = np.maximum(random.multinomial(num, shares), 1e-9) / num
        q = random.multinomial(num_before, shares) / num_before
        largest = max(largest, float((p * np.log(p / q)).sum()))
    assert limit / 3 < largest < limit


def test_bounds_of_the_signal(before):
    table = frame()
    table["label_signal"] = np.tile([0.0, 2.0], NUM // 2)
    by_chance, by_profile = signal_bounds(table, 2, None, 0.1)
    share = lone_share(table)
    assert by_chance == pytest.approx(0.5 + 3 / np.sqrt(NUM * share))
    assert by_profile == 0
    profile = dict(before) | {"label_signal": 0.9}
    _, by_profile = signal_bounds(table, 2, profile, 0.1)
    assert by_profile < 0.9 - 0.1 * 0.4  # this table's spread allows for more than the drift
    table["label_signal"] = 0.9
    _, by_profile = signal_bounds(table, 2, profile, 0.1)
    assert by_profile == pytest.approx(0.9 - 0.1 * 0.4)


def test_examples_of_a_group_count_as_one():
    table = frame()
    table["group"] = [f"burst {row // 10}" for row in range(NUM)]
    assert lone_share(table) == 0.1
    table["sharpness"] += np.float32(0.3)  # a full standard deviation: too much even so
    assert split_table(table)["gap"].tolist() == [0, 0, 0]


def test_counts_before(before):
    assert counts_before(before, "label") == {"cat": 500, "dog": 500}
    assert counts_before(before, "mode") == {"RGB": NUM}
    assert counts_before(before, "split") == frame()["split"].value_counts().to_dict()
    odd = {"class.a.b.train": 3, "class.a.b.width": 0.5, "class.a.b.val": 1, "class.c.train": 0}
    assert counts_before(odd, "label") == {"a.b": 4}


def test_remembered_examples_are_found_again(before):
    table = frame().sample(frac=0.5, random_state=0).reset_index(drop=True)
    found = remembered_table(table, id_checksums(table), before)
    assert 80 < len(found) < 180  # half of 256
    for name in ("split", "label", "image"):
        assert found[name].tolist() == found[f"{name}_before"].tolist()


def test_what_happened_to_remembered_examples(before):
    table = frame()
    table["split"] = table["split"].cat.add_categories("moved")
    table.loc[:, "split"] = "moved"
    found = remembered_table(table, id_checksums(table), before)
    assert len(found) == 256
    assert set(found["split"]) == {"moved"}
    by_id = frame().set_index("id")["split"]
    assert found["split_before"].tolist() == by_id[found["id"]].tolist()


def test_none_of_the_remembered_examples_is_there(before):
    table = frame()
    table["id"] = [f"other {id}" for id in table["id"]]
    assert len(remembered_table(table, id_checksums(table), before)) == 0
