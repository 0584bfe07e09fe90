"""The account of a source: the fate of each of its files or rows, in counts that add up."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping

from pipeline.dataset.catalog import Entry
from pipeline.dataset.table import SPLITS
from pipeline.ingest.admission import IN_OTHER_SPLIT, OPTED_OUT
from pipeline.ingest.splits import OUT_OF_SPLIT
from pipeline.ingest.survey import Survey
from pipeline.runtime.errors import one_line

MAX_REASONS = 5
MAX_NAMED = 5

Line = tuple[int, str]


def account(survey: Survey, beside: Mapping[str, int]) -> list[Line]:
    """Count examples, files or rows by their fate; the last line is the total.

    `beside` counts, by kind, files and rows that are not examples.
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
    """Counts of the most frequent kinds, and of the rest together."""
    ordered = Counter(counts).most_common()
    for kind, number in ordered[:MAX_REASONS]:
        yield number, prefix + kind
    if rest := ordered[MAX_REASONS:]:
        yield sum(number for _, number in rest), f"{prefix}{len(rest)} more kinds"


def print_account(lines: list[Line]) -> None:
    """Print the lines, with numbers aligned."""
    width = max(len(str(number)) for number, _ in lines)
    print("accounted for:")
    for number, what in lines:
        print(one_line(f"  {number:>{width}}  {what}"), flush=True)


def figures(survey: Survey, beside: Mapping[str, int]) -> dict[str, int]:
    """The account for reports/ingest.json: keys that are always there, and one for each kind in
    `beside`."""
    other_split, out_of_split = (
        sum(n for why, n in survey.left_out.items() if why.startswith(start))
        for start in (IN_OTHER_SPLIT, OUT_OF_SPLIT)
    )
    by_kind: Counter[str] = Counter()
    for kind, number in beside.items():
        by_kind[f"beside_{re.sub(r'[^a-z0-9]+', '_', kind.lower()).strip('_')}"] += number
    return {
        "unlabelled": survey.unlabelled,
        "unlabelled_unreadable": survey.unlabelled_problems.total(),
        "opted_out": survey.left_out[OPTED_OUT],
        "other_purpose": survey.left_out.total()
        - survey.left_out[OPTED_OUT]
        - other_split
        - out_of_split,
        "other_split": other_split,
        **_of_groups_and_time(survey, out_of_split),
        "beside": sum(beside.values()),
        **dict(sorted(by_kind.items())),
        "in_source": survey.seen + sum(beside.values()),
    }


def _of_groups_and_time(survey: Survey, out_of_split: int) -> dict[str, int]:
    """Keys for data with groups, or with a split in time that leaves examples out."""
    groups = survey.groups
    found = {"out_of_split": out_of_split, "known_later": survey.known_later}
    found = {key: number for key, number in found.items() if number}
    if len(groups):
        found |= {
            "groups": len(groups),
            "groups_in_several_splits": len(groups.parted),
            "without_group": groups.num_without,
        }
    return found


def of_splits(entry: Entry, survey: Survey, *, parts_groups: bool = False) -> Iterator[str]:
    """Sentences for people about effects of the split rule; `parts_groups` is of the source."""
    rule, groups = entry.split, survey.groups
    if rule.by == "group" and entry.columns.time:
        yield f"split by group: the time in {entry.columns.time} plays no part"
    if (parted := groups.parted) and not parts_groups:
        named = ", ".join(parted[:MAX_NAMED]) + (", ..." if len(parted) > MAX_NAMED else "")
        why = ", since time decides" if rule.by == "time" else ""
        yield f"{len(parted)} of {len(groups)} groups are in several splits{why}: {named}"
    if len(groups) and groups.num_without:
        yield f"{groups.num_without} examples have no group: each is a group of its own"
    if survey.known_later:
        yield (
            f"what {survey.known_later} examples say became known ({entry.columns.known_at}) only "
            f"after their time ({entry.columns.time}): a model that learns from them looks ahead"
        )
