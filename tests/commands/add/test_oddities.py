"""Oddities count repeated and contradicting examples, and name what the tallies found."""

from types import SimpleNamespace

import pyarrow as pa

from pipeline.commands.add.oddities import Oddities
from pipeline.ingest.survey import Survey
from tests.support.entries import KIND

SOURCE = SimpleNamespace(target={"classes": ["cat", "dog"]})


def table(*rows: tuple[str | None, str | None]) -> pa.Table:
    digests, labels = zip(*rows, strict=True)
    return pa.table({"sha256": digests, "label": labels})


def test_examples_are_compared_across_tables():
    oddities = Oddities(KIND)
    oddities.add(table(("1", "cat"), ("2", "cat"), (None, "cat"), ("3", None)))
    oddities.add(table(("1", "cat"), ("2", "dog"), ("3", None)))
    assert list(oddities.describe(SOURCE, Survey(KIND))) == [
        "3 images repeated exactly (clean removes copies)",
        "1 image repeated under another label",
    ]


def test_what_the_survey_has_is_told():
    survey = Survey(KIND)
    survey.problems.update({f"reason {number}": 7 - number for number in range(7)})
    survey.unlabelled = 2
    survey.content.num_blank = 2
    survey.metadata["gps"] = 1
    survey.metadata["comment"] = 1
    assert list(Oddities(KIND).describe(SOURCE, survey)) == [
        *(f"{7 - number} images cannot be used: reason {number}" for number in range(5)),
        "2 more kinds of unusable images",
        "2 images without a label: they wait in the pool",
        "2 images blank",
        "1 image with GPS metadata (ingest removes it)",
    ]
