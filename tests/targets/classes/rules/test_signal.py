"""Labels that fit their examples have a signal, which falls as they do not."""

import numpy as np
import pandas as pd
import pytest

from pipeline.dataset.expectations.moments import lone_share
from pipeline.dataset.expectations.signal import SIGNAL_MAX_EXAMPLES, signal_bounds
from pipeline.modalities.images.checks.features import patterns
from pipeline.targets.classes.rules.class_table import class_codes
from pipeline.targets.classes.rules.signal import (
    label_signal,
    signal,
)
from pipeline.validate.profile import id_checksums
from tests.support.profiles import NAMES, frame, profile_of
from tests.support.tables import CLASSES

NUM = 1000


def signal_of(table: pd.DataFrame) -> np.ndarray:
    signal = label_signal(table, patterns, class_codes(table, CLASSES), id_checksums(table))
    assert signal is not None
    return signal


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
    for name in NAMES:
        table[name] = random.random(len(table))
    assert np.mean(signal_of(table)) == pytest.approx(0.5, abs=0.15)


def test_a_constant_measurement_is_no_trouble_to_the_signal():
    table = frame(600)
    for name in NAMES:
        table[name] = 0.5
    table["dhash"] = np.zeros(600, np.uint64)
    assert np.isfinite(signal_of(table)).all()


def test_no_signal_of_few_examples_or_of_one_class():
    table = frame(499)
    assert label_signal(table, patterns, class_codes(table, CLASSES), id_checksums(table)) is None
    table = frame(600)
    assert label_signal(table, patterns, np.zeros(600, np.int64), id_checksums(table)) is None


def test_the_signal_of_many_examples_is_that_of_some():
    table = frame(SIGNAL_MAX_EXAMPLES + 1000)
    signal = signal_of(table)
    assert np.isfinite(signal).sum() == SIGNAL_MAX_EXAMPLES
    assert np.nanmean(signal) > 0.95


def test_bounds_of_the_signal():
    before = profile_of(frame(NUM))
    table = frame(NUM)
    table["label_signal"] = np.tile([0.0, 2.0], NUM // 2)
    by_chance, by_profile = signal_bounds(table, 1 / 2, None, 0.1)
    share = lone_share(table)
    assert by_chance == pytest.approx(0.5 + 3 / np.sqrt(NUM * share))
    assert by_profile is None
    profile = before | {"label_signal": 0.9}
    _, by_profile = signal_bounds(table, 1 / 2, profile, 0.1)
    assert by_profile < 0.9 - 0.1 * 0.4  # this table's spread allows for more than the drift
    table["label_signal"] = 0.9
    _, by_profile = signal_bounds(table, 1 / 2, profile, 0.1)
    assert by_profile == pytest.approx(0.9 - 0.1 * 0.4)


def test_chance_is_by_the_classes_that_are_there():
    table = frame(NUM)
    found = signal(table, patterns, id_checksums(table), {"classes": [*CLASSES, "eel"]})
    assert found is not None
    assert found.chance == 0.5
    assert found.values.tolist() == signal_of(table).tolist()
    assert signal(frame(100), patterns, id_checksums(frame(100)), {"classes": CLASSES}) is None
