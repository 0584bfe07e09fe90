"""Classes out of proportion, or called alike, are named."""

import pyarrow as pa

from pipeline.targets.classes.labels.tally import ClassTally, some


def test_classes_out_of_proportion_are_named():
    tally = ClassTally()
    tally.add(pa.table({"label": ["cat"] * 300 + [None] * 2}))
    tally.add(pa.table({"label": ["Cat "] * 20}))
    assert tally.oddities({"classes": ["cat", "Cat "]}) == [
        "less than a tenth of the largest class: Cat ",
        "class names that differ in case or spaces alone: cat",
    ]
    assert tally.summary({"classes": ["cat", "Cat "]}) == ["cat: 300", "Cat : 20"]
    many = {"classes": [str(number) for number in range(14)]}
    assert tally.summary(many)[-1] == "... and 2 more classes"


def test_few_examples():
    tally = ClassTally()
    tally.add(pa.table({"label": ["cat"]}))
    assert tally.oddities({"classes": ["cat"]}) == [
        "fewer than 20 examples: cat",
    ]


def test_a_list_of_names_stays_short():
    assert some(list("abcde")) == "a, b, c, d, e"
    assert some(list("abcdefg")) == "a, b, c, d, e and 2 more"
