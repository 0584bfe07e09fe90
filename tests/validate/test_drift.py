"""What has moved, in units that mean something."""

import numpy as np
import pytest

from pipeline.dataset.expectations.drift import Profile
from pipeline.dataset.expectations.moments import lone_share
from pipeline.validate.drift import measurement_table, remembered_table, split_table
from pipeline.validate.profile import counts_before, id_checksums
from tests.support.profiles import FEATURES, NAMES, frame, profile_of

NUM = 1000


@pytest.fixture(scope="module")
def before() -> Profile:
    return profile_of(frame(NUM))


def test_the_same_data_have_not_moved(before):
    assert measurement_table(frame(NUM), FEATURES, before)["shift"].tolist() == [0] * len(NAMES)
    assert split_table(frame(NUM), NAMES)["gap"].tolist() == [0, 0, 0]


def test_other_data_of_the_same_kind_have_not_moved(before):
    for seed in range(1, 6):
        assert measurement_table(frame(NUM, seed), FEATURES, before)["shift"].tolist() == [0] * len(
            NAMES
        )
        assert split_table(frame(NUM, seed), NAMES)["gap"].tolist() == [0, 0, 0]


def test_a_shift_is_in_standard_deviations_of_the_profile(before):
    table = frame(NUM)
    table["sharpness"] += np.float32(0.5 * before["sharpness.std"])
    moved = measurement_table(table, FEATURES, before).set_index("id")["shift"]
    assert moved["sharpness"] == pytest.approx(0.5, abs=0.15)  # of the mean, or of a quantile
    assert (moved.drop("sharpness") == 0).all()


def test_a_measurement_may_spread_while_its_mean_stays(before):
    table = frame(NUM)
    mean = before["sharpness.mean"]
    table["sharpness"] = mean + (table["sharpness"] - mean) * 2
    moved = measurement_table(table, FEATURES, before).set_index("id")["shift"]
    assert moved["sharpness"] > 0.5


def test_a_constant_measurement_moves_in_hundredths_of_its_size(before):
    table = frame(NUM)
    table["width"] = 40  # was 32
    moved = measurement_table(table, FEATURES, before).set_index("id")["shift"]
    assert moved["width"] == pytest.approx(8 / 0.32)


def test_splits_are_counted_and_compared_with_train():
    table = frame(NUM)
    test = (table["split"] == "test").to_numpy()
    table["contrast"] += np.where(test, 0.05, 0).astype(np.float32)
    found = split_table(table, NAMES).set_index("id")
    assert found["examples"].to_dict() == table["split"].value_counts().to_dict()
    assert found.loc["train", "gap"] == found.loc["val", "gap"] == 0
    std = table[table["split"] == "train"]["contrast"].astype(float).std(ddof=0)
    assert found.loc["test", "gap"] == pytest.approx(0.05 / std, rel=0.2)
    assert np.isnan(found["signal_lost"]).all()  # there is no label signal


def test_a_split_that_is_not_there():
    table = frame(NUM)
    table = table[table["split"] != "val"].reset_index(drop=True)
    found = split_table(table, NAMES).set_index("id")
    assert found.loc["val", "examples"] == 0
    assert np.isnan(found.loc["val", "gap"])  # nothing can be told, which is not 0
    assert found.loc["test", "gap"] == 0


def test_the_signal_that_a_split_lacks_is_a_share_of_that_of_train():
    table = frame(NUM)
    random = np.random.default_rng(0).random(NUM)
    right = np.where(table["split"] == "test", 0.7, 0.9)
    table["label_signal"] = (random < right).astype(float)
    assert np.isnan(split_table(table, NAMES)["signal_lost"]).all()  # nobody says by chance
    found = split_table(table, NAMES, chance=0.5).set_index("id")
    assert found.loc["test", "signal_lost"] == pytest.approx(0.5, abs=0.1)
    assert found.loc["val", "signal_lost"] == 0


def test_examples_of_a_group_count_as_one():
    table = frame(NUM)
    table["group"] = [f"burst {row // 10}" for row in range(NUM)]
    assert lone_share(table) == 0.1
    table["sharpness"] += np.float32(0.3)  # a full standard deviation: too much even so
    val, test = split_table(table, NAMES)["gap"][1:]
    assert np.isnan(val)  # ten groups tell nothing
    assert test == 0


def test_counts_before(before):
    assert counts_before(before, "mode") == {"RGB": NUM}
    assert counts_before(before, "split") == frame(NUM)["split"].value_counts().to_dict()
    assert counts_before({"license.a.b": 3, "license.c": 0}, "license") == {"a.b": 3}


def test_remembered_examples_are_found_again(before):
    table = frame(NUM).sample(frac=0.5, random_state=0).reset_index(drop=True)
    found = remembered_table(table, id_checksums(table), before)
    assert 80 < len(found) < 180  # half of 256
    for name in ("split", "label", "content"):
        assert found[name].tolist() == found[f"{name}_before"].tolist()


def test_what_happened_to_remembered_examples(before):
    table = frame(NUM)
    table["split"] = table["split"].cat.add_categories("moved")
    table.loc[:, "split"] = "moved"
    found = remembered_table(table, id_checksums(table), before)
    assert len(found) == 256
    assert set(found["split"]) == {"moved"}
    by_id = frame(NUM).set_index("id")["split"]
    assert found["split_before"].tolist() == by_id[found["id"]].tolist()


def test_none_of_the_remembered_examples_is_there(before):
    table = frame(NUM)
    table["id"] = [f"other {id}" for id in table["id"]]
    assert len(remembered_table(table, id_checksums(table), before)) == 0
