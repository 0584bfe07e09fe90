"""Each modality has what validate and clean open of it."""

import inspect

import pandas as pd
import pytest

from pipeline.modalities.opening import MODALITIES, open_compare
from pipeline.modalities.protocols.compare import Compare

CONTENT = {"images": {"image_size": [24, 32], "channels": 3}}
"""`content` of an index of data/raw."""


@pytest.mark.parametrize("modality", MODALITIES)
def test_all_names_are_there_with_the_arguments_of_the_protocol(modality):
    compare = open_compare(modality)
    for name in Compare.__annotations__:
        assert hasattr(compare, name), name
    for name, method in inspect.getmembers(Compare, inspect.isfunction):
        if not name.startswith("_"):
            _, *expected = inspect.signature(method).parameters.values()
            arguments = inspect.signature(getattr(compare, name)).parameters.values()
            assert [a.kind for a in arguments] == [e.kind for e in expected], name


@pytest.mark.parametrize("modality", MODALITIES)
def test_rules_about_rows_set_them_aside_and_others_only_warn(modality):
    compare = open_compare(modality)
    for rule in compare.ROW_RULES:
        assert rule.reason
        assert rule.expectation.severity == "critical"
    for rule in (*compare.ACROSS_SPLITS, *compare.AMONG_EXAMPLES):
        assert rule.reason is None
        assert rule.expectation.severity == "warning"


@pytest.mark.parametrize("modality", MODALITIES)
def test_rules_are_about_columns_that_the_modality_adds(modality):
    compare = open_compare(modality)
    names = {*(m.name for m in compare.MEASUREMENTS), *compare.WORDS, *compare.CONTENT}
    rows = pd.DataFrame({m.name: pd.Series([1, 1], dtype=m.type) for m in compare.MEASUREMENTS})
    rows["split"] = pd.Categorical(["train", "test"])
    compare.add_row_checks(rows)
    compare.add_relations(rows)
    for rule in (*compare.ROW_RULES, *compare.ACROSS_SPLITS, *compare.AMONG_EXAMPLES):
        assert rule.column in set(rows) - names
        assert rows[rule.column].dtype == bool


@pytest.mark.parametrize("modality", MODALITIES)
def test_features_are_there_once_they_are_added(modality):
    compare, content = open_compare(modality), CONTENT[modality]
    table = pd.DataFrame({m.name: pd.Series([1, 1], dtype=m.type) for m in compare.MEASUREMENTS})
    compare.add_features(table, content)
    features = compare.features(content)
    assert set(features.with_quantiles) <= set(features.names) <= set(table)
    assert len(set(features.names)) == len(features.names)
    assert len(compare.patterns(table, content)) == 2
