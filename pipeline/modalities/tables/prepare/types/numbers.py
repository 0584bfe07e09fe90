"""Detects numbers and the decimal sign: one sign for the whole table."""

import re
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.modalities.tables.content.values import (
    CURRENCY,
    LARGEST_EXACT,
    NotFinite,
    bare,
    parse_number,
)
from pipeline.modalities.tables.prepare.types.texts import Texts
from pipeline.sources.tables.missing import WORDS

OTHER = {".": ",", ",": "."}
BETWEEN = r"[\s\u00a0\u202f'\u2019]"
LEADING_ZERO = re.compile(r"[+-]?0\d")
CODE = re.compile(r"\d+[eE]\d+")
"""Texts such as 12E3, which are codes as often as numbers; 1.2e3 and 1e-05 are numbers."""
MOSTLY = 0.9
MIN_NUMBERS = 10  # distinct ones, to wonder about the words among them
CURRENCIES_AND_PERCENT = re.compile(rf"(?:{CURRENCY}|%)?")


class NumbersFound(NamedTuple):
    """A column as numbers."""

    not_finite: list[str]
    """Texts that are infinite or too large."""
    others: list[str]
    """Texts that are not numbers, such as ?."""
    affixes: dict[str, int]
    """Number of rows by affix of their numbers: $, %; empty for none."""


def find_numbers(texts: Texts, decimal: str) -> NumbersFound | None:
    """Read a column as numbers; None if it is not."""
    if _is_plain(texts, decimal):
        return NumbersFound([], [], {})
    not_finite, others, good = [], [], 0
    affixes: dict[str, int] = {}
    for text, rows in texts.counts.items():
        digits, around = bare(text)
        if LEADING_ZERO.match(digits) or "_" in digits:
            return None
        try:
            value = parse_number(text, decimal, OTHER[decimal])
        except NotFinite:
            not_finite.append(text)
            continue
        except ValueError:
            if text.casefold() not in WORDS:
                return None
            others.append(text)
            continue
        if CODE.fullmatch(digits) or (isinstance(value, int) and abs(value) > LARGEST_EXACT):
            return None
        if not isinstance(value, int) and abs(value) > LARGEST_EXACT and digits.isdecimal():
            return None
        good += rows
        affixes[around] = affixes.get(around, 0) + rows
    if not good or good < MOSTLY * texts.num_there - texts.rows_of(not_finite):
        return None
    if len(affixes) > 1 and not all(map(CURRENCIES_AND_PERCENT.fullmatch, affixes)):
        return None  # 150 cm and 1.5 m
    return NumbersFound(not_finite, others, affixes)


class NumbersAmongWords(NamedTuple):
    """A column that has numbers, and texts that keep it from being one of numbers."""

    num_numbers: int
    """Rows."""
    words: list[str]
    """The texts that are no numbers."""
    units: dict[str, int]
    """Rows by unit or currency."""


def numbers_among_words(texts: Texts, decimal: str) -> NumbersAmongWords | None:
    """The words of a column of which at least half the rows are different numbers; else None."""
    words, num, distinct = [], 0, 0
    units: dict[str, int] = {}
    for text, rows in texts.counts.items():
        digits, unit = bare(text)
        try:
            parse_number(text, decimal, OTHER[decimal])
        except ValueError:
            words.append(text)
            continue
        if LEADING_ZERO.match(digits) or CODE.fullmatch(digits):
            return None
        num, distinct = num + rows, distinct + 1
        units[unit] = units.get(unit, 0) + rows
    if (not words and len(units) < 2) or distinct < MIN_NUMBERS or 2 * num < texts.num_there:
        return None
    return NumbersAmongWords(num, words, units)


def _is_plain(texts: Texts, decimal: str) -> bool:
    """Whether all are numbers as programs write them; vectorised."""
    if decimal != "." or not texts.num_there:
        return False
    values = texts.values.drop_null()
    odd = pc.match_substring_regex(values, r"^[+-]?0\d|^[+-]?\d+[eE]\d+$|[^0-9.eE+-]")
    if pc.any(odd).as_py():
        return False
    try:
        numbers = values.cast(pa.float64()).combine_chunks().to_numpy(zero_copy_only=False)
    except pa.ArrowException:
        return False
    return bool(np.isfinite(numbers).all() and (np.abs(numbers) <= LARGEST_EXACT).all())


def find_decimal(columns: Iterable[Texts]) -> tuple[str, list[str]]:
    """The decimal sign from all columns, and the names of ambiguous columns.

    `12.480` and `1,250` are ambiguous: they may have a fraction or not. Without evidence the sign
    is the point.
    """
    tells = {".": 0, ",": 0}
    is_open: list[str] = []
    for texts in columns:
        signs = {sign for sign in tells if _tells(texts, sign)}
        if len(signs) == 1:
            tells[signs.pop()] += 1
        elif _is_open(texts):
            is_open.append(texts.name)
    decimal = "," if tells[","] > tells["."] else "."
    return decimal, is_open if not max(tells.values()) else []


def _tells(texts: Texts, decimal: str) -> bool:
    """Whether all texts allow this decimal sign, and at least one allows no other."""
    sign, other = re.escape(decimal), re.escape(OTHER[decimal])
    whole = rf"[+-]?(?:\d{{1,3}}(?:(?:{other}|{BETWEEN})\d{{2,3}})+|\d*)"
    may_be = re.compile(rf"{whole}(?:{sign}\d*)?(?:[eE][+-]?\d+)?")
    can_be_no_other = re.compile(
        rf".*{sign}(?:\d{{1,2}}|\d{{4,}}|)(?:[eE].*)?|.*{other}\d{{2,3}}{sign}\d*"
        rf"|0?{sign}\d+|\d{{4,}}{sign}\d*|\d+{other}\d{{3}}{other}.*"
    )
    found = False
    for text in texts.counts:
        if text.casefold() in WORDS:
            continue
        digits, _ = bare(text)
        if not may_be.fullmatch(digits):
            return False
        found = found or bool(can_be_no_other.fullmatch(digits.lstrip("+-")))
    return found


def _is_open(texts: Texts) -> bool:
    """Whether texts have one kind of sign, always before three digits."""
    found = False
    for text in texts.counts:
        digits, _ = bare(text)
        if not re.fullmatch(r"[+-]?\d{1,3}(?:([.,])\d{3})?", digits):
            return False
        found = found or "." in digits or "," in digits
    return found
