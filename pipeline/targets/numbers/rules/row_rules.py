"""Rules about each example's number."""

import sys

from pipeline.dataset.expectations.rules import BETWEEN, NOT_NULL, Rule, rule
from pipeline.targets.protocols.labels import TargetIndex

MOST = sys.float_info.max


def row_rules(target: TargetIndex) -> list[Rule]:
    return [
        rule("every example has a number", NOT_NULL, "critical", "no number", column="label"),
        rule(
            "every number is finite",
            BETWEEN,
            "critical",
            "not finite",
            column="label",
            min_value=-MOST,
            max_value=MOST,
        ),
    ]
