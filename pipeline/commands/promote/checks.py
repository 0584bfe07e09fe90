"""What a check of the gate says, and what all of them together say."""

from collections.abc import Sequence
from typing import NamedTuple

from pipeline.commands.compare.comparison import FAIL, INCONCLUSIVE, NOT_JUDGED, PASS

NOTHING = NOT_JUDGED
"""There was nothing to judge by."""
SPLIT, TRAFFIC = "test split", "labelled traffic"
MUST_PASS = (SPLIT, "baseline", "served copy")
"""The others stop a candidate only where it is surely worse: they see few examples."""


class Check(NamedTuple):
    """One line of the gate."""

    name: str
    verdict: str
    words: str


def verdict_of_all(checks: Sequence[Check], *, by_traffic: bool = False) -> str:
    """FAIL if one fails; PASS if all pass that must; else INCONCLUSIVE."""
    if any(check.verdict == FAIL for check in checks):
        return FAIL
    names = (TRAFFIC, *MUST_PASS) if by_traffic else MUST_PASS
    must = [c.verdict for c in checks if c.name in names and not (by_traffic and c.name == SPLIT)]
    return PASS if must and set(must) == {PASS} else INCONCLUSIVE


def decided_by_traffic(checks: Sequence[Check]) -> list[Check]:
    """The checks where the test split no longer stands for what is asked: it is only shown, and
    labelled traffic has to win."""
    found = []
    for check in checks:
        if check.name == TRAFFIC and check.verdict == NOTHING:
            check = check._replace(verdict=INCONCLUSIVE)
        elif check.name not in (TRAFFIC, *MUST_PASS[1:]):
            check = check._replace(verdict=NOTHING)
        found.append(check)
    return found
