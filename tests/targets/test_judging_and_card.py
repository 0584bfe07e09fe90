"""Each target has what evaluate, compare and report ask of it."""

import inspect
from types import ModuleType

import pytest

from pipeline.targets.opening import TARGETS, open_card, open_judging
from pipeline.targets.protocols.card import Card
from pipeline.targets.protocols.judging import Judging

PARTS = [
    pytest.param(opened(target), protocol, id=f"{target} {protocol.__name__}")
    for target in TARGETS
    for opened, protocol in ((open_judging, Judging), (open_card, Card))
]


@pytest.mark.parametrize(("module", "protocol"), PARTS)
def test_names_and_arguments_are_those_of_the_protocol(module: ModuleType, protocol: type):
    for name in protocol.__annotations__:
        assert hasattr(module, name), name
    for name, function in inspect.getmembers(protocol, inspect.isfunction):
        if not name.startswith("_"):
            _, *expected = inspect.signature(function).parameters.values()
            arguments = inspect.signature(getattr(module, name)).parameters.values()
            assert [a.kind for a in arguments] == [e.kind for e in expected], name


@pytest.mark.parametrize("target", TARGETS)
def test_what_is_judged_is_compared(target: str):
    judging = open_judging(target)
    assert set(judging.JUDGED) <= set(judging.GOOD)
    assert set(judging.GOOD.values()) <= {1, -1}
