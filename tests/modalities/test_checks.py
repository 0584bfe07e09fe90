"""Each modality has what validate opens of it."""

import inspect

import pandas as pd
import pytest

from pipeline.modalities.opening import MODALITIES, open_checks, open_prepare
from pipeline.modalities.protocols.checks import Checks

CONTENT = {"images": {"image_size": [24, 32], "channels": 3}}
"""`content` of an index of data/raw."""


@pytest.mark.parametrize("modality", MODALITIES)
def test_all_names_are_there_with_the_arguments_of_the_protocol(modality):
    checks = open_checks(modality)
    for name in Checks.__annotations__:
        assert hasattr(checks, name), name
    for name, method in inspect.getmembers(Checks, inspect.isfunction):
        if not name.startswith("_"):
            _, *expected = inspect.signature(method).parameters.values()
            arguments = inspect.signature(getattr(checks, name)).parameters.values()
            assert [a.kind for a in arguments] == [e.kind for e in expected], name


@pytest.mark.parametrize("modality", MODALITIES)
def test_rules_about_rows_set_them_aside_and_others_only_warn(modality):
    checks = open_checks(modality)
    for rule in checks.ROW_RULES:
        assert rule.reason
        assert rule.expectation.severity == "critical"
    for rule in (*checks.ACROSS_SPLITS, *checks.AMONG_EXAMPLES):
        assert rule.reason is None
        assert rule.expectation.severity == "warning"


@pytest.mark.parametrize("modality", MODALITIES)
def test_rules_are_about_columns_that_the_modality_adds(modality):
    checks = open_checks(modality)
    names = {*(m.name for m in checks.MEASUREMENTS), *checks.WORDS, *checks.CONTENT}
    rows = pd.DataFrame({m.name: pd.Series([1, 1], dtype=m.type) for m in checks.MEASUREMENTS})
    rows["split"] = pd.Categorical(["train", "test"])
    checks.add_row_checks(rows)
    checks.add_relations(rows)
    for rule in (*checks.ROW_RULES, *checks.ACROSS_SPLITS, *checks.AMONG_EXAMPLES):
        assert rule.column in set(rows) - names
        assert rows[rule.column].dtype == bool


@pytest.mark.parametrize("modality", MODALITIES)
def test_features_are_there_once_they_are_added(modality):
    checks, content = open_checks(modality), CONTENT[modality]
    table = pd.DataFrame({m.name: pd.Series([1, 1], dtype=m.type) for m in checks.MEASUREMENTS})
    checks.add_features(table, content)
    features = checks.features(content)
    assert set(features.with_quantiles) <= set(features.names) <= set(table)
    assert len(set(features.names)) == len(features.names)
    assert len(checks.patterns(table, content)) == 2


@pytest.mark.parametrize("modality", MODALITIES)
def test_columns_are_those_that_ingest_writes(modality):
    checks, prepare = open_checks(modality), open_prepare(modality)
    assert tuple(checks.MEASUREMENTS) == tuple(prepare.MEASUREMENTS)
    assert tuple(checks.WORDS) == tuple(prepare.WORDS)
    assert checks.CONTENT.items() <= prepare.CONTENT.items()
