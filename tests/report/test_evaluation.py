"""Parts of the test split have names and rules that people read."""

import pytest

from pipeline.report.evaluation import named

TAILS = {"sharpness": ("blurred", "sharp"), "width to height": ("tall", "wide")}
ROW = dict.fromkeys(["measurement", "bound", "rank", "num_groups"])


@pytest.mark.parametrize(
    ("row", "name", "rule"),
    [
        ({"kind": "all"}, "all", "every test example"),
        (
            {"kind": "low", "measurement": "sharpness", "bound": 0.123456},
            "blurred",
            "sharpness at most 0.1235",
        ),
        (
            {"kind": "high", "measurement": "width to height", "bound": 2.0},
            "wide",
            "width to height at least 2",
        ),
        (
            {"kind": "group", "rank": 2, "num_groups": 3},
            "group 2",
            "one of 3 groups of at least 10 examples, the weakest first",
        ),
    ],
)
def test_names_and_rules(row, name, rule):
    assert named(ROW | row, 10, TAILS) == ROW | row | {"slice": name, "rule": rule}
