"""Names of columns and values come back from an entry as they are in the table."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from pipeline.sources.tables.yaml_text import quoted


def read(text: str) -> object:
    return YAML(typ="safe", pure=True).load(f"{{{quoted(text)}: [{quoted(text)}]}}")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "a b",
        "yes",
        "1",
        "x:y",
        'a"b',
        "a\\b",
        "\uffff",
        "\ufeffa",
        "a\x85b",
        "\u2028",
        "\x7f",
        "猫",
        "👩\u200d👧",
    ],
)
def test_odd_texts_are_what_they_were(text):
    assert read(text) == {text: [text]}


@given(st.text())
def test_all_texts_are_what_they_were(text):
    assert read(text) == {text: [text]}
