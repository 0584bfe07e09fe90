"""Detects labels that are not classes: numbers to estimate, or several labels of one example."""

import re
from collections.abc import Mapping

MAX_NAMES_SHOWN = 3
MANY_FRACTIONS = 20
"""More distinct numbers with a fraction than this are hardly grades such as 1.0, 1.5, 2.0."""
MANY_NUMBERS = 50
FEW_EACH = 3
"""Many distinct whole numbers, each with fewer examples on average, are not classes."""
SEPARATORS = re.compile(r"\s*[;|,+&/]\s*")
MIN_EXPLAINED = 0.5


def misfit(counts: Mapping[str, int]) -> str | None:
    """Say what labels look like that are not classes; None if they may be classes.

    Args:
        counts: number of examples of each label.
    """
    if look_like_numbers(counts):
        some = ", ".join(sorted(counts, key=float)[:MAX_NAMES_SHOWN])
        return f"the labels look like numbers to be estimated: {some} …"
    if several := several_in_one(counts):
        some = ", ".join(several[:MAX_NAMES_SHOWN])
        return f"{len(several)} labels look like several of one example each: {some}"
    return None


def look_like_numbers(counts: Mapping[str, int]) -> bool:
    """Whether labels are measurements rather than codes of classes."""
    values = [_number(name) for name in counts]
    if not values or None in values:
        return False
    fractions = sum(value is not None and not value.is_integer() for value in values)
    is_sparse = sum(counts.values()) < FEW_EACH * len(values)
    many = len(values) > MANY_FRACTIONS or (is_sparse and len(values) > MANY_FRACTIONS // 2)
    return (fractions > 2 and many) or (len(values) > MANY_NUMBERS and is_sparse)


def _number(text: str) -> float | None:
    try:
        return float(text) if re.fullmatch(r"[-+]?[\d.]+(?:[eE][-+]?\d+)?", text) else None
    except ValueError:
        return None


def several_in_one(counts: Mapping[str, int]) -> list[str]:
    """Labels that consist of others, if at least half of those with a separator do.

    `cat;dog` does if `cat` and `dog` are labels too, or parts of others. Names such as `crane,
    bird` have separators as well, but their parts occur nowhere else. A blank separates if all
    parts are labels by themselves.
    """
    parts = {name: [p for p in SEPARATORS.split(name.strip("[]() ")) if p] for name in counts}
    composed = {name: {p.strip("'\" ") for p in ps} for name, ps in parts.items() if len(ps) > 1}
    plain = {name.strip("[]()'\" ") for name in counts if name not in composed}
    explained = [
        name
        for name, own in composed.items()
        if all(
            part in plain or any(part in other for n, other in composed.items() if n != name)
            for part in own
        )
    ]
    if explained and len(explained) >= MIN_EXPLAINED * len(composed):
        return explained
    spaced = {name: set(name.split()) for name in counts if len(name.split()) > 1}
    of_plain = [name for name, own in spaced.items() if own <= counts.keys() - spaced.keys()]
    return of_plain if len(of_plain) > 1 and len(of_plain) == len(spaced) else []
