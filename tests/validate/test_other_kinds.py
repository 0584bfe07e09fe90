"""A modality and a target that know nothing of images and classes are validated all the same."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from pipeline.dataset.expectations.rules import (
    MEAN_BETWEEN,
    NOT_NULL,
    at_least,
    hardly_moved,
    rule,
    set_aside,
)
from pipeline.dataset.measurement import Measurement
from pipeline.modalities.protocols.checks import Features
from pipeline.targets.protocols.rules import LabelTable, Signal
from pipeline.validate.assessment import Assessment, assess
from pipeline.validate.columns import expected_columns
from tests.support.assessments import failures

NUM = 400
INDEX = {"content": {"spoken": "by day"}, "target": {"unit": "EUR"}}


def add_row_checks(rows: pd.DataFrame) -> None:
    rows["empty"] = (rows["words"] == 0).to_numpy()


def add_features(table: pd.DataFrame, content: Any) -> None:
    assert content == INDEX["content"]
    table["length"] = np.log1p(table["words"])


TEXT: Any = SimpleNamespace(
    CONTENT={"text": "string"},
    MEASUREMENTS=(Measurement("words", "int64", low=0, compared=True),),
    WORDS=("language",),
    ROW_RULES=[set_aside("no text is empty", "empty", False, "empty")],
    ACROSS_SPLITS=(),
    AMONG_EXAMPLES=(),
    add_row_checks=add_row_checks,
    add_relations=lambda rows: None,
    features=lambda content: Features(["words", "length"], ["length"]),
    add_features=add_features,
    patterns=lambda table, content: table[["words", "length"]].to_numpy(np.float64),
    tables=lambda rows, content, before, settings: [],
    profile=lambda rows, content: {"word count.max": float(rows["words"].max())},
)


def signal(table, patterns, checksums, target) -> Signal:
    """The smaller the error of the line that fits best, the closer to 1."""
    x = np.column_stack([patterns(table), np.ones(len(table))])
    labels = table["label"].to_numpy()
    error = labels - x @ np.linalg.lstsq(x, labels, rcond=None)[0]
    return Signal(1 - error**2 / labels.var(), 0.0)


def signal_rules(table, target, before, settings):
    says = "labels have to do with the texts"
    return [rule(says, MEAN_BETWEEN, "warning", column="label_signal", min_value=0.5)]


def drift_rules(table, before, settings):
    low, high = (before["label.mean"] + side * settings.max_drift for side in (-1, 1))
    says = "labels are as large as in the profile"
    return [rule(says, MEAN_BETWEEN, "warning", column="label", min_value=low, max_value=high)]


def label_tables(table, features, target, before, settings):
    rows = pd.DataFrame({"id": [target["unit"]], "examples": len(table), "shift": 0.0})
    rules = [at_least("every unit has enough examples", "examples", settings.min_examples)]
    if before is not None:
        rules.append(hardly_moved("units are as in the profile", settings.max_drift))
    return [LabelTable(rows, rules, "units")]


AMOUNTS: Any = SimpleNamespace(
    LABEL=pa.field("label", pa.float64()),
    row_rules=lambda target: [
        rule("every example has an amount", NOT_NULL, "critical", "no amount", column="label")
    ],
    signal=signal,
    signal_rules=signal_rules,
    drift_rules=drift_rules,
    label_tables=label_tables,
    profile=lambda table, features, target: {"label.mean": float(table["label"].mean())},
)


def columns() -> dict[str, list[Any]]:
    random = np.random.default_rng(0)
    words = random.integers(1, 200, NUM)
    nothing: dict[str, list[Any]] = {
        name: [None] * NUM for name in expected_columns(TEXT, AMOUNTS).names
    }
    return nothing | {
        "id": [f"t{row:03d}" for row in range(NUM)],
        "text": ["word " * number for number in words],
        "label": (words * 2.0 + random.normal(0, 1, NUM)).tolist(),
        "split": [("train " * 7 + "val test test").split()[row % 10] for row in range(NUM)],
        "sha256": [f"{row:064x}" for row in range(NUM)],
        "license": ["CC0-1.0"] * NUM,
        "words": words.tolist(),
        "language": ["de", "en"] * (NUM // 2),
    }


def look_at(examples: dict[str, list[Any]], before: Any = None) -> Assessment:
    table = pa.table(examples, schema=expected_columns(TEXT, AMOUNTS))
    settings = SimpleNamespace(max_drift=0.1, min_examples=50)
    return assess(table, INDEX, [], TEXT, AMOUNTS, settings=settings, before=before)


@pytest.fixture(scope="module")
def profile() -> Any:
    return look_at(columns()).profile


def test_good_data_fail_nothing_and_have_a_profile(profile):
    found = look_at(columns(), profile)
    assert failures(found) == {}
    assert found.profile == profile
    known = [key for key in profile if "length." not in key]
    assert known == [
        "examples", "groups", "split.train", "split.val", "split.test", "language.de",
        "language.en", "license.CC0-1.0", "words.mean", "words.std", "label_signal", "label.mean",
        "word count.max", "remembered",
    ]  # fmt: skip
    assert profile["label_signal"] > 0.9


def test_rules_stand_in_one_order(profile):
    names = [outcome.name for outcome in look_at(columns(), profile).outcomes]
    mine = [
        "every example has an amount",
        "no text is empty",
        "labels have to do with the texts",
        "labels are as large as in the profile",
        "every unit has enough examples",
        "units are as in the profile",
    ]
    assert [name for name in names if name in mine] == mine
    assert names.index("every example can be read") + 1 == names.index(mine[0])


def test_rows_that_fail_are_set_aside():
    broken = columns()
    broken["label"][0] = None
    broken["words"][1] = 0
    broken["words"][2] = None  # 64 bits stay whole numbers nevertheless
    broken["language"][3] = None
    found = look_at(broken)
    assert found.quarantine == {
        "t000": "no amount",
        "t001": "empty",
        "t002": "not measured",
        "t003": "not measured",
    }


def test_an_unreadable_example_is_set_aside_with_what_is_wrong_with_it():
    broken = columns()
    broken["words"][2], broken["problem"][2] = None, "no UTF-8"
    assert look_at(broken).quarantine == {"t002": "unreadable: no UTF-8"}


def test_labels_that_moved_and_labels_that_are_mixed_up_are_warned_of(profile):
    moved = columns()
    moved["label"] = [label + 1 for label in moved["label"]]
    failed = failures(look_at(moved, profile))
    assert failed["labels are as large as in the profile"] == "warning"
    assert failed["hardly an example has another label than before"] == "warning"
    mixed = columns()
    mixed["label"] = np.random.default_rng(0).permutation(mixed["label"]).tolist()
    assert "labels have to do with the texts" in failures(look_at(mixed))


def test_a_split_whose_labels_do_not_fit_is_told_by_the_chance_of_the_target():
    broken = columns()
    test = [row for row, split in enumerate(broken["split"]) if split == "test"]
    mixed = np.random.default_rng(0).permutation([broken["label"][row] for row in test])
    for row, label in zip(test, mixed.tolist(), strict=True):
        broken["label"][row] = label
    assert "labels of val and test fit as those of train" in failures(look_at(broken))
