"""Each modality has what evaluate asks of it."""

import inspect

import pytest

from pipeline.modalities.opening import MODALITIES, open_stress
from pipeline.modalities.protocols.stress import Stress


@pytest.mark.parametrize("modality", MODALITIES)
def test_names_and_arguments_are_those_of_the_protocol(modality: str):
    stress = open_stress(modality)
    for name in Stress.__annotations__:
        assert hasattr(stress, name), name
    for name, function in inspect.getmembers(Stress, inspect.isfunction):
        if not name.startswith("_"):
            _, *expected = inspect.signature(function).parameters.values()
            arguments = inspect.signature(getattr(stress, name)).parameters.values()
            assert [a.kind for a in arguments] == [e.kind for e in expected], name


@pytest.mark.parametrize("modality", MODALITIES)
def test_strengths_begin_with_one(modality: str):
    variants = open_stress(modality).VARIANTS
    assert len(set(variants)) == len(variants)
    assert all(strength >= 1 and name != "none" for name, strength in variants)
