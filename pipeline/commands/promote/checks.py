"""What a check of the gate says, and what all of them together say."""

from collections.abc import Sequence
from typing import NamedTuple

from pipeline.commands.compare.comparison import FAIL, INCONCLUSIVE, NOT_JUDGED, PASS

NOTHING = NOT_JUDGED
"""There was nothing to judge by."""
MUST_PASS = ("test split", "baseline", "served copy")
"""The others stop a candidate only where it is surely worse: they see few examples."""


class Check(NamedTuple):
    """One line of the gate."""

    name: str
    verdict: str
    words: str


def verdict_of_all(checks: Sequence[Check]) -> str:
    """FAIL if one fails; PASS if all pass that must; else INCONCLUSIVE."""
    if any(check.verdict == FAIL for check in checks):
        return FAIL
    must = [check.verdict for check in checks if check.name in MUST_PASS]
    return PASS if must and set(must) == {PASS} else INCONCLUSIVE
