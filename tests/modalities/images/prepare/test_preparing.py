"""A batch of contents is prepared row by row; what is wrong is a problem, never an exception."""

import hashlib
import subprocess
import sys
from types import SimpleNamespace

import pytest

from pipeline.modalities.images.prepare import preparing
from pipeline.modalities.images.prepare.interface import CONTENT, MEASUREMENTS, WORDS
from pipeline.modalities.images.prepare.preparing import prepare
from tests.support.repository import ROOT

LIMITS = SimpleNamespace(max_megapixels=1e-4)


def test_each_row_is_a_function_of_its_content(png, monkeypatch):
    contents = [png(0), None, png(1, 9, 3, 3), b"", png(2) + b"tail", b"no image", png(3, 20, 20)]
    whole = prepare(contents, LIMITS)
    monkeypatch.setattr(preparing, "MEASURED_AT_ONCE_BYTES", 1)
    alone = [prepare([content], LIMITS) for content in contents]
    for name in ("digests", "removed", "problems", "transient"):
        assert getattr(whole, name) == [getattr(one, name)[0] for one in alone]
    for name in ("content", "measured", "words"):
        for key, values in getattr(whole, name).items():
            assert values == [getattr(one, name)[key][0] for one in alone]
    assert list(whole.content) == list(CONTENT)
    assert set(whole.measured) == {m.name for m in MEASUREMENTS}
    assert list(whole.words) == list(WORDS)
    assert whole.problems == [
        None,
        "empty file",
        None,
        "empty file",
        None,
        "no image in any of JPEG, PNG, WEBP, GIF, BMP, TIFF, PPM, but text",
        "20 x 20 pixels, more than 100 allowed",
    ]
    assert whole.removed == [[], [], [], [], ["trailer"], [], []]
    for row, (stored, digest) in enumerate(zip(whole.content["image"], whole.digests, strict=True)):
        usable = whole.problems[row] is None
        assert digest == (hashlib.sha256(stored).hexdigest() if usable else None)
        assert (whole.measured["width"][row] is not None) == usable


def test_no_contents():
    found = prepare([], LIMITS)
    assert (found.content, found.digests, found.words) == ({"image": []}, [], {"mode": []})


@pytest.mark.parametrize(
    "module", ["content.decoding", "content.measurements", "prepare.preparing"]
)
def test_it_needs_no_heavy_library(module):
    """So that a server can prepare; a fresh process, since this one has them all."""
    code = (
        f"import sys, pipeline.modalities.images.{module}\n"
        "print(sorted({'torch', 'pyarrow', 'pandas'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"
