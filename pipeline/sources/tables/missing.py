"""Missing values: empty cells, and values that the catalog entry calls missing; nothing else.

Codes such as -9, 99 or ? that the entry does not have are reported, and never changed.
"""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

Missing = Sequence[object] | Mapping[str, Sequence[object]]
"""Values of all columns, or of each by its name."""

USUAL_CODES = frozenset({0, -1, -9, -99, -999, -9999, 9, 99, 999, 9999})
SIGNS = ("?", "-", ".", "n/a", "nan", "null")
ERRORS = ("#n/a", "#div/0!", "#ref!", "#value!", "#name?", "#num!", "#null!")  # of spreadsheets
WORDS = (*SIGNS, *ERRORS, "na", "none", "unknown", "missing")
MIN_NUMBERS = 10  # distinct numbers, to call one of them unlike the others
FAR = 10  # times the usual distance between neighbours
MAX_DISTINCT = 100_000


class Code(NamedTuple):
    """A value that may mean a missing one, or one called missing that may be a real value."""

    value: str
    rows: int
    reason: str


def codes_of(missing: Missing, column: str) -> list[str]:
    """The values that an entry calls missing in a column."""
    values = missing.get(column, ()) if isinstance(missing, Mapping) else missing
    return [str(value) for value in values if str(value)]


def without_missing(texts: pa.ChunkedArray, codes: Sequence[str]) -> tuple[pa.ChunkedArray, int]:
    """Replace each code by null, even with blanks around it; returns how many there were too.

    Codes are compared as values: -9 is also -9.0.
    """
    if not codes:
        return texts, 0
    pattern = "|".join(_pattern(code) for code in codes)
    found = pc.fill_null(pc.match_substring_regex(texts, rf"^\s*(?:{pattern})\s*$"), False)
    number = pc.sum(found).as_py() or 0
    return (pc.if_else(found, None, texts), number) if number else (texts, 0)


def _pattern(code: str) -> str:
    if match := re.fullmatch(r"([+-]?)0*(\d+)(?:\.(\d*?)0*)?", code.strip()):
        sign, whole, fraction = match.groups()
        end = rf"\.{fraction}0*" if fraction else r"(?:\.0*)?"
        return ("-" if sign == "-" else r"\+?") + f"0*{whole}{end}"
    return re.escape(code.strip())


def doubtful_codes(texts: pa.ChunkedArray, codes: Sequence[str] = ()) -> list[Code]:
    """Values of a column that look like codes for missing, and codes that look like values.

    `texts` are those before the `codes` of the entry became null.
    """
    counts = pc.value_counts(texts.drop_null())
    if not 0 < len(counts) <= MAX_DISTINCT:
        return []
    by_text = dict(zip(counts.field(0).to_pylist(), counts.field(1).to_pylist(), strict=True))
    without, _ = without_missing(pa.chunked_array([list(by_text)], pa.string()), codes)
    numbers: dict[float, int] = {}
    as_codes: dict[float, int] = {}
    words: dict[str, int] = {}
    for text, kept in zip(by_text, without.to_pylist(), strict=True):
        number = _number(text)
        if number is not None:
            group = as_codes if kept is None else numbers
            group[number] = group.get(number, 0) + by_text[text]
        elif kept is not None:
            words[text] = by_text[text]
    found = [
        Code(_text(number), rows, "is within the range of the others")
        for number, rows in as_codes.items()
        if _is_inside(number, numbers)
    ]
    if len(numbers) >= MIN_NUMBERS and sum(words.values()) < sum(numbers.values()):
        found += [
            Code(n, c, "is no number") for n, c in words.items() if n.strip().lower() in WORDS
        ]
        found += [Code(_text(n), numbers[n], "is far from the others") for n in sorted(numbers)
                  if n in USUAL_CODES and _is_far(n, numbers)]  # fmt: skip
    return found


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if np.isfinite(number) else None


def _text(number: float) -> str:
    return str(int(number)) if number == int(number) else str(number)


def _is_inside(number: float, numbers: Mapping[float, int]) -> bool:
    return bool(numbers) and min(numbers) < number < max(numbers)


def _is_far(number: float, numbers: Mapping[float, int]) -> bool:
    """Whether a number is the least or the largest, and far from all others."""
    values = np.array(sorted(numbers))
    gaps = np.diff(values)
    usual = float(np.median(gaps))
    if numbers[number] < 2 or number not in (values[0], values[-1]):
        return False
    return float(gaps[0] if number == values[0] else gaps[-1]) > FAR * usual
