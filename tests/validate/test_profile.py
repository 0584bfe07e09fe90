"""The profile says what data are like: exactly, alike everywhere, in a file that people review."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from pipeline.runtime.errors import SettingsError
from pipeline.validate import drift
from pipeline.validate.profile import (
    NUM_REMEMBERED,
    read_profile,
    remembered_key,
    unknown_features,
)
from tests.support.profiles import FEATURES, NAMES, frame, profile_of


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


@pytest.fixture
def profiles(here: Path) -> Path:
    folder = here / "data" / "profiles"
    folder.mkdir(parents=True)
    return folder


def refusal() -> str:
    with pytest.raises(SettingsError) as caught:
        read_profile("pets", FEATURES)
    return str(caught.value)


def test_no_file_no_profile(here):
    assert read_profile("pets", FEATURES) is None


def test_a_profile_is_read_as_it_was_written(profiles):
    profile = profile_of(frame())
    (profiles / "pets.json").write_text(json.dumps(profile))
    assert read_profile("pets", FEATURES) == profile


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
        ("remembered", ["gone"], "remembered must be a list of `key content split label`"),
        ("remembered", 3, "remembered must be a list of `key content split label`"),
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
    before = read_profile("pets", FEATURES)
    assert before == older
    assert unknown_features(before, FEATURES) == ["contrast"]
    moved = drift.measurement_table(table, FEATURES, before)
    assert moved["id"].tolist() == [name for name in NAMES if name != "contrast"]
    assert (moved["shift"] == 0).all()
