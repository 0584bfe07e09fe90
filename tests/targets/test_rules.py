"""Each target has what validate opens of it."""

import inspect

import pytest

from pipeline.targets.opening import TARGETS, open_labels, open_rules
from pipeline.targets.protocols.rules import Rules


@pytest.mark.parametrize("target", TARGETS)
def test_all_names_are_there_with_the_arguments_of_the_protocol(target):
    rules = open_rules(target)
    for name in Rules.__annotations__:
        assert hasattr(rules, name), name
    for name, method in inspect.getmembers(Rules, inspect.isfunction):
        if not name.startswith("_"):
            expected = list(inspect.signature(method).parameters)[1:]
            assert list(inspect.signature(getattr(rules, name)).parameters) == expected, name


@pytest.mark.parametrize("target", TARGETS)
def test_labels_are_of_the_type_that_ingest_writes(target):
    assert open_labels(target).column_type() == open_rules(target).LABEL
