"""Every target has what describe and review open of it."""

import inspect

import pytest

from pipeline.targets.opening import TARGETS, open_describe
from pipeline.targets.protocols.describe import Describe


@pytest.mark.parametrize("target", TARGETS)
def test_all_names_are_there_with_the_arguments_of_the_protocol(target):
    describe = open_describe(target)
    for name in Describe.__annotations__:
        assert hasattr(describe, name), name
    for name, method in inspect.getmembers(Describe, inspect.isfunction):
        if not name.startswith("_"):
            expected = list(inspect.signature(method).parameters)[1:]
            assert list(inspect.signature(getattr(describe, name)).parameters) == expected, name
    assert {"label", "label_given"} == set(describe.FIELDS)
