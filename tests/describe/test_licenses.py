"""Licences: identifiers in their spelling, and what is said of anything else."""

import pytest

from pipeline.describe.licenses import USUAL, advice, identifier

OWN = "for one of your own: LicenseRef-NAME"


@pytest.mark.parametrize(
    ("license", "spelling"),
    [
        ("CC-BY-4.0", "CC-BY-4.0"),
        ("cc-by-4.0", "CC-BY-4.0"),
        ("odbl-1.0", "ODbL-1.0"),
        ("mit or apache-2.0", "MIT OR Apache-2.0"),
        ("LicenseRef-none-stated", "LicenseRef-none-stated"),
        ("My own licence", None),
        ("unknown", None),
        ("(" * 1000, None),
        ("\0", None),
    ],
)
def test_identifiers(license, spelling):
    assert identifier(license) == spelling
    assert (advice(license) is None) == (spelling is not None)


def test_usual_ones_are_of_the_list():
    assert [identifier(name) for name in USUAL] == list(USUAL)


@pytest.mark.parametrize(
    ("license", "meant"),
    [
        ("CC BY 4.0", "did you mean CC-BY-4.0?"),
        ("CC-BY", "did you mean CC-BY-4.0?"),
        ("CC0", "did you mean CC0-1.0?"),
        ("public domain", "did you mean CC0-1.0?"),
        ("Apache 2.0", "did you mean Apache-2.0?"),
        ("BSD 3 clause", "did you mean BSD-3-Clause?"),
        ("My own licence", OWN),
        ("GroupLens, for research", OWN),
    ],
)
def test_what_is_said_of_others(license, meant):
    line = f"{license!r} is no identifier of https://spdx.org/licenses; {meant}"
    assert advice(license) == line
