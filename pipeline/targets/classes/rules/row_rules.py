"""Rules about each example's class."""

from pipeline.dataset.expectations.rules import IN_SET, NOT_NULL, Rule, rule
from pipeline.targets.protocols.labels import TargetIndex


def row_rules(target: TargetIndex) -> list[Rule]:
    return [
        rule("every example has a label", NOT_NULL, "critical", "unlabelled", column="label"),
        rule(
            "every label is a class",
            IN_SET,
            "critical",
            "unknown label",
            column="label",
            value_set=list(target["classes"]),
        ),
    ]
