"""Oddities count blank, repeated and contradicting images, and name what is out of proportion."""

from collections import Counter
from types import SimpleNamespace

import pyarrow as pa

from pipeline.commands.add.oddities import Oddities, some
from pipeline.ingest.survey import Survey


def table(*rows: tuple[str | None, str | None, float | None]) -> pa.Table:
    digests, labels, contrasts = zip(*rows, strict=True)
    return pa.table({"sha256": digests, "label": labels, "contrast": contrasts})


def test_images_are_compared_across_tables():
    oddities = Oddities()
    oddities.add(table(("1", "cat", 0.5), ("2", "cat", 0.001), (None, "cat", None)))
    oddities.add(table(("1", "cat", 0.5), ("2", "dog", 0.001), ("3", None, 0.2)))
    source = SimpleNamespace(classes=["cat", "dog"])
    assert list(oddities.describe(source, Survey())) == [
        "2 images repeated exactly (clean removes copies)",
        "1 image repeated under another label",
        "2 images blank",
    ]


def test_classes_out_of_proportion_are_named():
    survey = Survey()
    survey.labels = Counter({("train", "cat"): 300, ("test", "Cat "): 20, ("train", None): 2})
    survey.metadata["gps"] = 1
    source = SimpleNamespace(classes=["cat", "Cat "])
    assert list(Oddities().describe(source, survey)) == [
        "2 images without a label",
        "less than a tenth of the largest class: Cat ",
        "class names that differ in case or spaces alone: cat",
        "1 image with GPS metadata (ingest removes it)",
    ]


def test_a_list_of_names_stays_short():
    assert some(list("abcde")) == "a, b, c, d, e"
    assert some(list("abcdefg")) == "a, b, c, d, e and 2 more"
