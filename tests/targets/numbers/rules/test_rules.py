"""What validate expects of numbers: of val and test, and since a profile."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd

from pipeline.targets.numbers.rules.interface import (
    drift_rules,
    label_tables,
    profile,
    signal,
    signal_rules,
)
from pipeline.validate.expectations import check
from pipeline.validate.profile import id_checksums

INDEX: dict[str, Any] = {}
SETTINGS = SimpleNamespace(max_drift=0.1)


def frame(num: int = 2000, seed: int = 0, shift: float = 0.0, spread: float = 1.0) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    size = random.normal(0, 1, num)
    values = 10 + (size + random.normal(0, 0.5, num)) * spread + shift
    return pd.DataFrame(
        {
            "id": [f"e{row}" for row in range(num)],
            "label": values,
            "split": [("train", "val", "test", "train")[row % 4] for row in range(num)],
            "group": pd.Series([None] * num, dtype=object),
            "size": size,
        }
    )


def profile_of(table: pd.DataFrame) -> dict[str, Any]:
    own = profile(table, ["size"], INDEX)
    return {"examples": len(table), "groups": len(table)} | own


def failed(table: pd.DataFrame, before: dict[str, Any]) -> list[str]:
    outcomes = check(table, drift_rules(table, before, SETTINGS))
    return [outcome.name for outcome in outcomes if not outcome.success]


def test_numbers_as_in_the_profile():
    before = profile_of(frame())
    assert failed(frame(seed=1), before) == []
    assert failed(frame(seed=1, shift=2.0), before) == ["numbers are as large as in the profile"]
    assert failed(frame(seed=1, spread=1.5), before) == ["numbers vary as in the profile"]
    [unknown] = drift_rules(frame(), {"examples": 3}, SETTINGS)
    assert unknown.lacking == "the profile knows nothing of them"


def test_numbers_of_another_split():
    table = frame()
    for moved in (False, True):
        if moved:
            table.loc[table["split"] == "test", "label"] += 3
        [found] = label_tables(table, ["size"], INDEX, None, SETTINGS)
        outcomes = check(found.rows, found.rules, found.noun)
        assert [o.failed_ids for o in outcomes] == [("test",) if moved else ()]


def patterns(table: pd.DataFrame) -> np.ndarray:
    return table[["size"]].to_numpy(np.float64)


def test_the_signal_falls_when_numbers_are_of_other_examples():
    table = frame()
    found = signal(table, patterns, id_checksums(table), INDEX)
    assert found is not None
    assert 0.7 < found.values.mean() < 0.9  # 1 / (1 + 0.25)
    mixed = table.assign(label=np.roll(table["label"], 1))
    of_mixed = signal(mixed, patterns, id_checksums(mixed), INDEX)
    assert of_mixed is not None
    assert abs(of_mixed.values.mean()) < 0.05
    mixed["label_signal"] = of_mixed.values
    rules = signal_rules(mixed, INDEX, None, SETTINGS)
    assert [outcome.success for outcome in check(mixed, rules)] == [False]
