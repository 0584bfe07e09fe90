"""The profile says what data are like: exactly, alike everywhere, in a file that people review."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pipeline.modalities.images.checks.features import FEATURES, add_features
from pipeline.runtime.errors import SettingsError
from pipeline.validate import drift
from pipeline.validate.profile import (
    NUM_REMEMBERED,
    SIGNAL_MAX_EXAMPLES,
    class_codes,
    id_checksums,
    label_signal,
    make_profile,
    moments,
    num_groups,
    read_profile,
    remembered_key,
    unknown_features,
)
from tests.support.tables import CLASSES, good_columns, table_of


def frame(num: int = 600, seed: int = 0) -> pd.DataFrame:
    table: pd.DataFrame = table_of(good_columns(num, seed)).to_pandas()
    add_features(table)
    return table


def profile_of(table: pd.DataFrame) -> dict[str, Any]:
    return make_profile(table, CLASSES, id_checksums(table))


def signal_of(table: pd.DataFrame) -> np.ndarray:
    signal = label_signal(table, class_codes(table, CLASSES), id_checksums(table))
    assert signal is not None
    return signal


def test_features():
    table = pd.DataFrame(
        {
            "red": [0.5, 0.25, 0.0],
            "green": [0.5, 0.75, 0.25],
            "blue": [0.5, 0.25, 1.0],
            "dhash": np.array([0, 0xF0F0F0F0_00000000, 0x00000000_0F0F0F03], np.uint64),
        }
    )
    add_features(table)
    assert table["warmth"].tolist() == [0, 0, -1]
    assert table["greenness"].tolist() == [0, 0.5, -0.25]
    assert table["texture_nw"].tolist() == [0, 1, 0]
    assert table["texture_ne"].tolist() == [0, 0, 0]
    assert table["texture_sw"].tolist() == [0, 0, 0]
    assert table["texture_se"].tolist() == [0, 0, 14 / 16]


def test_moments_are_those_of_each_group():
    table = frame(100)
    codes = np.arange(100) % 3
    codes[codes == 1] = 3
    found = moments(table, codes, 4)
    assert found.num.tolist() == [34, 0, 33, 33]
    for position, name in enumerate(FEATURES):
        rows = table[name].to_numpy()[codes == 2]
        assert found.mean[2, position] == pytest.approx(rows.mean())
        assert found.std[2, position] == pytest.approx(rows.std(), abs=1e-6)
    assert np.isnan(found.mean[1]).all()


def test_the_profile_counts_and_measures():
    table = frame(100)
    profile = profile_of(table)
    expected = {
        "examples": 100,
        "groups": 92,  # 90 by themselves, and two bursts
        "split.train": 63,
        "split.val": 9,
        "split.test": 28,
        "mode.RGB": 100,
        "license.CC0-1.0": 100,
        "width.mean": 32.0,
        "width.std": 0.0,
        "width.q50": 32.0,
        "class.cat.train": 35,
        "class.cat.val": 5,
        "class.cat.test": 10,
        "class.dog.train": 28,
        "class.dog.test": 18,
    }
    assert {key: profile[key] for key in expected} == expected
    dogs = table[table["label"] == "dog"]
    assert profile["class.dog.brightness"] == round(dogs["brightness"].astype(float).mean(), 6)
    values = np.sort(table["brightness"].to_numpy())
    assert profile["brightness.q01"] == round(float(values[1]), 6)
    assert profile["brightness.q99"] == round(float(values[98]), 6)


def test_the_profile_is_flat_finite_and_rounded():
    profile = profile_of(frame())
    for key, value in profile.items():
        if key == "remembered":
            assert all(isinstance(line, str) for line in value)
        else:
            assert isinstance(value, int | float)
            assert math.isfinite(value)
            assert value == round(value, 6)


def test_a_class_without_examples_has_counts_and_no_means():
    profile = make_profile(frame(), [*CLASSES, "eel"], id_checksums(frame()))
    assert [key for key in profile if key.startswith("class.eel")] == [
        "class.eel.train",
        "class.eel.val",
        "class.eel.test",
    ]


def test_the_order_of_rows_does_not_matter():
    table = frame()
    shuffled = table.sample(frac=1, random_state=0).reset_index(drop=True)
    assert profile_of(table) == profile_of(shuffled)


def test_a_few_examples_are_remembered_and_the_same_ones_as_the_data_grow():
    small, large = profile_of(frame(400))["remembered"], profile_of(frame(4000))["remembered"]
    assert len(small) == len(large) == NUM_REMEMBERED
    ids_in_small = {remembered_key(id) for id in frame(400)["id"]}
    still_there = {line.split()[0] for line in large} & ids_in_small
    assert still_there <= {line.split()[0] for line in small}
    assert still_there


def test_the_profile_names_no_example():
    table = frame()
    table["id"] = [f"person {id}" for id in table["id"]]
    assert "person" not in json.dumps(profile_of(table))


def test_labels_that_fit_have_a_signal_and_shuffled_ones_have_none():
    table = frame(1000)
    assert np.mean(signal_of(table)) > 0.95
    codes = np.random.default_rng(0).permutation(class_codes(table, CLASSES))
    table["label"] = pd.Categorical.from_codes(codes, CLASSES)
    assert np.mean(signal_of(table)) == pytest.approx(0.5, abs=0.08)


def test_the_signal_falls_with_the_share_of_wrong_labels():
    signals = []
    for share in (0, 0.1, 0.2, 0.4):
        table = frame(1000)
        wrong = np.arange(1000) % 10 < 10 * share
        codes = class_codes(table, CLASSES)
        table["label"] = pd.Categorical.from_codes(np.where(wrong, 1 - codes, codes), CLASSES)
        signals.append(float(np.mean(signal_of(table))))
    assert signals == sorted(signals, reverse=True)
    assert signals[0] - signals[1] == pytest.approx(0.1, abs=0.03)


def test_the_signal_is_balanced():
    """A class that is nearly all gets no more than half of the whole."""
    table = frame(1000)
    kept = (table["label"] == "cat") | (np.arange(1000) % 40 == 11)
    table = table[kept].reset_index(drop=True)
    random = np.random.default_rng(0)
    table["dhash"] = random.integers(0, 2**64, len(table), dtype=np.uint64)
    for name in FEATURES:
        table[name] = random.random(len(table))
    assert np.mean(signal_of(table)) == pytest.approx(0.5, abs=0.15)


def test_a_constant_measurement_is_no_trouble_to_the_signal():
    table = frame(600)
    for name in FEATURES:
        table[name] = 0.5
    table["dhash"] = np.zeros(600, np.uint64)
    assert np.isfinite(signal_of(table)).all()


def test_no_signal_of_few_examples_or_of_one_class():
    table = frame(499)
    assert label_signal(table, class_codes(table, CLASSES), id_checksums(table)) is None
    table = frame(600)
    assert label_signal(table, np.zeros(600, np.int64), id_checksums(table)) is None


def test_the_signal_of_many_examples_is_that_of_some():
    table = frame(SIGNAL_MAX_EXAMPLES + 1000)
    signal = signal_of(table)
    assert np.isfinite(signal).sum() == SIGNAL_MAX_EXAMPLES
    assert np.nanmean(signal) > 0.95


def test_groups_are_counted_with_those_who_have_none():
    table = pd.DataFrame({"group": pd.Series(["a", "a", None, "b", None], dtype="str")})
    assert num_groups(table) == 4


@pytest.fixture
def profiles(here: Path) -> Path:
    folder = here / "data" / "profiles"
    folder.mkdir(parents=True)
    return folder


def refusal() -> str:
    with pytest.raises(SettingsError) as caught:
        read_profile("pets")
    return str(caught.value)


def test_no_file_no_profile(here):
    assert read_profile("pets") is None


def test_a_profile_is_read_as_it_was_written(profiles):
    profile = profile_of(frame())
    (profiles / "pets.json").write_text(json.dumps(profile))
    assert read_profile("pets") == profile


FIX = "| fix: copy an accepted one there: cp data/profile.json data/profiles/pets.json"


@pytest.mark.parametrize("text", ['{"examples": 5}', "[]", "3"])
def test_another_file_is_refused(profiles, text):
    (profiles / "pets.json").write_text(text)
    missing = "groups" if "examples" in text else "examples"
    assert refusal() == (f"ERROR data/profiles/pets.json is no profile: {missing} is missing {FIX}")


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("brightness.q05", "dark", "brightness.q05 must be a number, found 'dark'"),
        ("examples", None, "examples must be a number, found None"),
        ("sharpness.std", float("nan"), "sharpness.std must be a number, found nan"),
        ("remembered", ["gone"], "remembered must be a list of `key image split label`"),
        ("remembered", 3, "remembered must be a list of `key image split label`"),
    ],
)
def test_a_profile_edited_by_hand_is_refused(profiles, key, value, expected):
    (profiles / "pets.json").write_text(json.dumps(profile_of(frame()) | {key: value}))
    assert refusal() == f"ERROR data/profiles/pets.json: {expected} {FIX}"


def test_a_profile_without_quantiles_is_refused(profiles):
    profile = profile_of(frame())
    del profile["contrast.q95"]
    (profiles / "pets.json").write_text(json.dumps(profile))
    assert refusal() == (
        f"ERROR data/profiles/pets.json is no profile: contrast.q95 is missing {FIX}"
    )


def test_a_damaged_file_is_refused(profiles):
    (profiles / "pets.json").write_text('{"examples":')
    assert refusal() == (
        "ERROR data/profiles/pets.json is no JSON: Expecting value: line 1 column 13 (char 12) "
        f"{FIX}"
    )


def test_a_profile_from_before_a_measurement_was_added_is_still_compared(profiles):
    """But for that measurement, which it does not know; validate says so."""
    table = frame()
    profile = profile_of(table)
    older = {k: v for k, v in profile.items() if "contrast" not in k}
    (profiles / "pets.json").write_text(json.dumps(older))
    before = read_profile("pets")
    assert before == older
    assert unknown_features(before) == ["contrast"]
    moved = drift.measurement_table(table, before)
    assert moved["id"].tolist() == [name for name in FEATURES if name != "contrast"]
    assert (moved["shift"] == 0).all()
