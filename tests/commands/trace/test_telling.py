"""What is said of an example has another name in each target."""

import pytest

from pipeline.commands.find.__main__ import BASIC
from pipeline.commands.trace.telling import LABELS, label_of
from pipeline.targets.opening import TARGETS, open_labels


@pytest.mark.parametrize("target", TARGETS)
def test_a_column_of_labels_is_found_whatever_the_target(target):
    column = open_labels(target).COLUMN
    assert label_of({column: "x", f"{column}_given": "y"}) == "x"
    assert label_of({column: "x", f"{column}_given": "y"}, "_given") == "y"
    assert column in LABELS
    assert column in BASIC
