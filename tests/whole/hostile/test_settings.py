"""Settings made to do harm: refused in one line, in seconds."""

import os
import time

import pytest

from pipeline.entry import read_entry
from pipeline.params import load_params
from pipeline.runtime.errors import SettingsError
from tests.support.limits import here
from tests.support.repository import ROOT

__all__ = ["here"]  # a fixture


LAUGHS = "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12)
)
TOO_LARGE = "is larger than 1048576 bytes | fix: settings are short; is this another file?"
YAML_BOMBS = {
    "laughs": (LAUGHS, TOO_LARGE),
    "long laughs": (f"a: &a {'x' * 100_000}\nb: [{', '.join(['*a'] * 100)}]", TOO_LARGE),
    "itself": ("a: &a [*a]", TOO_LARGE),
    "deep": ("a: " + "[" * 20_000, "is nested too deep | fix: settings are flat"),
    "deep and closed": ("a: " + "{a: " * 3000 + "}" * 3000, "is nested too deep | fix: settings"),
    "object": (
        "uri: !!python/object/apply:os.system ['touch ../exploited']",
        "is not YAML: line 1, column 6: could not determine a constructor for the tag",
    ),
    "number": ("seed: " + "9" * 100_000, "is not YAML: ValueError: Exceeds the limit"),
    "date": ("uri: 2001-99-99", "is not YAML: ValueError: month must be in 1..12"),
    "character": ('uri: "\\UFFFFFFFF"', "is not YAML: OverflowError"),
    "zero": ("uri: \0", "is not YAML: unacceptable character"),
}


@pytest.mark.parametrize("name", YAML_BOMBS)
def test_yaml_made_to_do_harm(here, name):
    text, reason = YAML_BOMBS[name]
    catalog = here / "data" / "catalog"
    catalog.mkdir()
    start = time.process_time()
    for path, load in (
        (here / "params.yaml", load_params),
        (catalog / "pets.yaml", lambda: read_entry("pets", "images", "classes")),
    ):
        path.write_text(text)
        with pytest.raises(SettingsError) as caught:
            load()
        assert f"{path.relative_to(here)} {reason}" in str(caught.value)
        assert str(caught.value).isprintable()
    assert time.process_time() - start < 10


def test_a_number_that_python_does_not_write(here):
    (here / "params.yaml").write_text(
        (ROOT / "params.yaml").read_text().replace("seed: 0", "seed: 0x" + "f" * 10_000)
    )
    with pytest.raises(SettingsError) as caught:
        load_params()
    assert str(caught.value).endswith(
        "found a huge number | fix: set seed to such a value in params.yaml"
    )


def test_settings_that_are_a_pipe(here):
    os.mkfifo(here / "params.yaml")
    with pytest.raises(SettingsError) as caught:
        load_params()
    assert str(caught.value) == "ERROR params.yaml is no regular file | fix: write params.yaml"
