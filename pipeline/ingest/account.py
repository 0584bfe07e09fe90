"""The account of a source: what became of each of its files or rows; the lines sum to all of it."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping

from pipeline.dataset.table import SPLITS
from pipeline.ingest.admission import IN_OTHER_SPLIT, OPTED_OUT
from pipeline.ingest.survey import Survey
from pipeline.runtime.errors import one_line

MAX_REASONS = 5

Line = tuple[int, str]


def account(survey: Survey, beside: Mapping[str, int]) -> list[Line]:
    """How many examples, files or rows became what, and at the end how many there are.

    `beside` counts, by kind, what is no example.
    """
    waiting = survey.unlabelled - survey.unlabelled_problems.total()
    lines = [
        *((survey.taken[split], split) for split in SPLITS),
        *_most(survey.problems, "set aside: "),
        *_most(survey.left_out, "left out: "),
        (waiting, "unlabelled: waiting in the pool"),
        *_most(survey.unlabelled_problems, "unlabelled, unusable: "),
        *_most(beside, "beside: "),
    ]
    lines = [(number, what) for number, what in lines if number or what in SPLITS]
    return [*lines, (sum(number for number, _ in lines), "in all")]


def _most(counts: Mapping[str, int], prefix: str) -> Iterator[Line]:
    """The most frequent kinds, and the rest together."""
    ordered = Counter(counts).most_common()
    for kind, number in ordered[:MAX_REASONS]:
        yield number, prefix + kind
    if rest := ordered[MAX_REASONS:]:
        yield sum(number for _, number in rest), f"{prefix}{len(rest)} more kinds"


def print_account(lines: list[Line]) -> None:
    """Print a line for each, numbers below each other."""
    width = max(len(str(number)) for number, _ in lines)
    print("accounted for:")
    for number, what in lines:
        print(one_line(f"  {number:>{width}}  {what}"), flush=True)


def figures(survey: Survey, beside: Mapping[str, int]) -> dict[str, int]:
    """The account for reports/ingest.json: keys that are always there, and one for each kind of
    what lies beside."""
    other_split = sum(n for why, n in survey.left_out.items() if why.startswith(IN_OTHER_SPLIT))
    by_kind: Counter[str] = Counter()
    for kind, number in beside.items():
        by_kind[f"beside_{re.sub(r'[^a-z0-9]+', '_', kind.lower()).strip('_')}"] += number
    return {
        "unlabelled": survey.unlabelled,
        "unlabelled_unreadable": survey.unlabelled_problems.total(),
        "opted_out": survey.left_out[OPTED_OUT],
        "other_purpose": survey.left_out.total() - survey.left_out[OPTED_OUT] - other_split,
        "other_split": other_split,
        "beside": sum(beside.values()),
        **dict(sorted(by_kind.items())),
        "in_source": survey.seen + sum(beside.values()),
    }
