"""Every modality has what describe, report and review open of it."""

import inspect

import pytest

from pipeline.modalities.opening import MODALITIES, open_encode, open_show
from pipeline.modalities.protocols.show import Show


@pytest.mark.parametrize("modality", MODALITIES)
def test_all_names_are_there_with_the_arguments_of_the_protocol(modality):
    show = open_show(modality)
    for name in Show.__annotations__:
        assert hasattr(show, name), name
    for name, method in inspect.getmembers(Show, inspect.isfunction):
        if not name.startswith("_"):
            expected = list(inspect.signature(method).parameters)[1:]
            assert list(inspect.signature(getattr(show, name)).parameters) == expected, name


@pytest.mark.parametrize("modality", MODALITIES)
def test_columns_have_words(modality):
    show = open_show(modality)
    assert show.CONTENT
    assert {*show.CONTENT, *show.WORDS, "sha256"} <= set(show.FIELDS)
    assert show.STYLE.is_file()
    assert all(low and high for low, high in show.TAILS.values())


@pytest.mark.parametrize("modality", MODALITIES)
def test_what_is_shown_is_what_is_encoded(modality):
    assert tuple(open_show(modality).CONTENT) == tuple(open_encode(modality).CONTENT)
