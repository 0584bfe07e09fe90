"""Conditions under which `groundwork diff` fails: `relabelled>1%`."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from pipeline.commands.diff.changes import KINDS
from pipeline.commands.diff.summary import OfKind

FORM = re.compile(r"([a-z]+) *> *(\d+(?:\.\d+)?) *(%?)")


class Limit(NamedTuple):
    """The most examples, or per cent of those before, that may change in a way."""

    kind: str
    most: float
    is_share: bool

    def __str__(self) -> str:
        return f"{self.kind}>{self.most:g}{'%' if self.is_share else ''}"


def parse_limit(text: str) -> Limit:
    """
    Raises:
        ValueError: it is no such condition.
    """
    found = FORM.fullmatch(text.strip())
    if not found or found[1] not in KINDS:
        raise ValueError(f"a condition is KIND>NUMBER or KIND>NUMBER%, KIND of {', '.join(KINDS)}")
    return Limit(found[1], float(found[2]), found[3] == "%")


def passed(limits: Sequence[Limit], summary: Sequence[OfKind], num_before: int) -> list[str]:
    """A sentence for each limit that is passed."""
    counts = {one.kind: one.count for one in summary}
    sentences = []
    for limit in limits:
        count = counts[limit.kind]
        share = 100 * count / max(1, num_before)
        if (share if limit.is_share else count) > limit.most:
            sentences.append(f"{limit}: {count:,} of {num_before:,}, {share:.3g} %")
    return sentences
