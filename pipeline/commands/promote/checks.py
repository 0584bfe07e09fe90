"""What a check of the gate says, and what all of them together say."""

from collections.abc import Sequence
from typing import NamedTuple

from pipeline.commands.compare.comparison import FAIL, INCONCLUSIVE, NOT_JUDGED, PASS

NOTHING = NOT_JUDGED
"""There was nothing to judge by."""
SPLIT, TRAFFIC = "test split", "labelled traffic"
MUST_PASS = (SPLIT, "baseline", "served copy")
"""The others stop a candidate only where it is surely worse: they see few examples."""
MUST_PASS_BY_TRAFFIC = (TRAFFIC, "served copy")


class Check(NamedTuple):
    """One line of the gate."""

    name: str
    verdict: str
    words: str


def verdict_of_all(checks: Sequence[Check], *, by_traffic: bool = False) -> str:
    """FAIL if one fails; PASS if all pass that must; else INCONCLUSIVE."""
    if any(check.verdict == FAIL for check in checks):
        return FAIL
    names = MUST_PASS_BY_TRAFFIC if by_traffic else MUST_PASS
    must = [check.verdict for check in checks if check.name in names]
    return PASS if must and set(must) == {PASS} else INCONCLUSIVE


def decided_by_traffic(checks: Sequence[Check]) -> list[Check]:
    """The checks of a candidate whose traffic is unlike the test split: figures of that split are
    shown and not judged, and labelled traffic has to win."""
    judged = []
    for check in checks:
        if check.name not in MUST_PASS_BY_TRAFFIC:
            check = check._replace(verdict=NOTHING)
        elif check.verdict == NOTHING:
            check = check._replace(verdict=INCONCLUSIVE)
        judged.append(check)
    return judged
