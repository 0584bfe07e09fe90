"""Parses cells: texts of people become numbers, truth values, dates or categories."""

import math
import re
import unicodedata
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any

from pipeline.modalities.tables.content.columns import BOOLEAN, DATE, NUMBER, TableColumn

Value = float | int | str | bool | None
"""The value of a cell in data/raw; a date is a text: `2024-02-29`, `2024-02-29T13:00:00`."""

LARGEST_EXACT = 2**53
TRUE = {"true", "yes", "y", "t"}
FALSE = {"false", "no", "n", "f"}
ONE, ZERO = "1", "0"
"""They mean yes and no where a column has words for it too."""
MINUS = str.maketrans(dict.fromkeys("\u2212\u2012\u2013\ufe63\uff0d", "-"))
HYPHENS = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2013\u2212\ufe63\uff0d", "-"))
CURRENCY = "[$€£¥₹₽]|USD|EUR|GBP|CHF|JPY|Fr\\."
UNIT = r"kg|mg|lbs?|mm|cm|km|ml|°[CF]|kWh|MWh|kW|(?<=\s)[gmlLsh]"
AROUND = re.compile(rf"({CURRENCY})?\s*(.*?)\s*({CURRENCY}|%|(?<=[\d\s])(?:{UNIT}))?$", re.DOTALL)
PLAIN = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
EPOCH = datetime(1970, 1, 1)
DAY = timedelta(days=1)
DATE_TEXT = re.compile(
    r"(\d{1,4})([-/.])(\d{1,2})\2(\d{1,4})"
    r"(?:[T ]+(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?)?"
    r"(?:\s*([AaPp])\.?[Mm]\.?)?\s*(Z|[+-]\d{2}:?\d{2})?",
    re.ASCII,
)
JAPANESE_DATE = re.compile(r"(\d{4})年(\d{1,2})月(\d{1,2})日")


class NotFinite(ValueError):
    """A number that is infinite or too large."""


def folded(text: str) -> str:
    """Normalise differences that people ignore: case, blanks around, kinds of hyphen, encodings of
    accents."""
    text = unicodedata.normalize("NFC", text).translate(HYPHENS)
    return " ".join(text.split()).casefold()


def bare(text: str) -> tuple[str, str]:
    """Split a number from its affixes: `($1,250.00)` is `-1,250.00` and `$`."""
    text = text.strip().translate(MINUS)
    if text.startswith("(") and text.endswith(")"):
        text = f"-{text[1:-1].strip()}"
    sign = ""
    if text[:1] in ("-", "+"):
        sign, text = text[0], text[1:].strip()
    match = AROUND.match(text)
    assert match is not None
    before, digits, after = match.groups()
    if digits[:1] == "-" and not sign and before:
        sign, digits = "-", digits[1:]
    if digits[-1:] == "-" and digits[:1].isdigit() and not sign:  # as ledgers print it: 15.00-
        sign, digits = "-", digits[:-1]
    return sign + digits, before or after or ""


def parse_number(text: str, decimal: str = ".", thousands: str = ",") -> float | int:
    """
    Raises:
        NotFinite: it is infinite, or larger than a number of 64 bits.
        ValueError: it is not a number.
    """
    digits, _ = bare(text)
    if digits.lstrip("+-").casefold() in ("inf", "infinity"):
        raise NotFinite(f"{text!r} is not finite")
    match = grouped(decimal, thousands).fullmatch(digits)
    if match:
        sign, whole, fraction = match[1], match[2], match[4] or ""
        digits = sign + re.sub(r"\D", "", whole) + (f".{fraction[1:]}" if fraction else "")
    elif decimal != ".":
        digits = "" if "." in digits else digits.replace(decimal, ".")
    if not PLAIN.fullmatch(digits):
        raise ValueError(f"{text!r} is no number")
    return number(int(digits) if digits.lstrip("+-").isdigit() else float(digits))


@lru_cache
def grouped(decimal: str, thousands: str) -> re.Pattern[str]:
    """Pattern of numbers with one separator of thousands."""
    between = rf"[{re.escape(thousands)}\s\u00a0\u2007\u2009\u202f'\u2019]"
    return re.compile(
        rf"([+-]?)(\d{{1,3}}(?:({between})\d{{2,3}}(?:\3\d{{2,3}})*)(?<={between}\d{{3}}))"
        rf"({re.escape(decimal)}\d*)?",
        re.ASCII,
    )


def number(value: float) -> float | int:
    """Normalise a number: whole ones without a fraction.

    Raises:
        NotFinite: see above.
    """
    try:
        as_float = float(value)
    except OverflowError:
        as_float = math.inf
    if not math.isfinite(as_float):
        raise NotFinite("it is not finite")
    if as_float.is_integer() and abs(as_float) <= LARGEST_EXACT:
        return int(value)
    return as_float


def parse_boolean(text: str) -> bool:
    """
    Raises:
        ValueError: it is neither yes nor no.
    """
    word = folded(text)
    if word not in TRUE | FALSE | {ONE, ZERO}:
        raise ValueError(f"{text!r} is neither yes nor no")
    return word in TRUE or word == ONE


def match_date(text: str) -> re.Match[str] | None:
    """Match a date or a time of `DATE_TEXT`; one such as 2024年1月31日 too."""
    return DATE_TEXT.fullmatch(JAPANESE_DATE.sub(r"\1-\2-\3", text.strip()))


def parse_date(text: str, order: str = "year", pivot: int = 29) -> str:
    """Convert a date or a time to ISO 8601; one with an offset to UTC.

    Raises:
        ValueError: it is not a date.
    """
    match = match_date(text)
    if not match:
        raise ValueError(f"{text!r} is no date")
    first, _, second, third, hour, minute, rest, fraction, half, offset = match.groups()
    year, month, day = _in_order(first, second, third, order)
    number_of_year = int(year)
    if len(year) == 2:
        number_of_year += 2000 if number_of_year <= pivot else 1900
    if hour is None:
        if offset or half:
            raise ValueError(f"{text!r} is no date")
        return date(number_of_year, int(month), int(day)).isoformat()
    micro = int((fraction or "0")[:6].ljust(6, "0"))
    at = datetime(
        number_of_year, int(month), int(day), _hour(hour, half), int(minute), int(rest or 0), micro
    )
    if not offset:
        return at.isoformat()
    if offset != "Z":
        digits = offset[1:].replace(":", "")
        shift = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
        at = at - shift if offset[0] == "+" else at + shift
    return at.replace(tzinfo=UTC).isoformat().replace("+00:00", "Z")


def _hour(hour: str, half: str | None) -> int:
    """The hour from 0 to 23 of one that may be followed by AM or PM.

    Raises:
        ValueError: there is no such hour in half a day.
    """
    if half is None:
        return int(hour)
    if not 1 <= int(hour) <= 12:
        raise ValueError(f"{hour} is no hour before AM or PM")
    return int(hour) % 12 + (12 if half in "Pp" else 0)


def _in_order(first: str, second: str, third: str, order: str) -> tuple[str, str, str]:
    """Year, month and day from three numbers.

    Raises:
        ValueError: they are not in this order.
    """
    if order == "year":
        year, month, day = first, second, third
    else:
        year = third
        day, month = (first, second) if order == "day" else (second, first)
    if len(year) not in (2, 4) or len(day) > 2 or (order == "year" and len(year) != 4):
        raise ValueError("the year is not where it should be")
    return year, month, day


def days(text: str) -> float:
    """Days since 1970 of a date of data/raw."""
    at = datetime.fromisoformat(text.removesuffix("Z"))
    return (at.replace(tzinfo=None) - EPOCH) / DAY


def reader_of(column: TableColumn) -> Callable[[Any], Value]:
    """Make the function from a cell, a text or a JSON value, to the value of data/raw.

    Raises:
        ValueError: (the function) it does not fit this column.
    """
    parse = _PARSERS.get(column.kind, _category)
    codes = _codes(column.missing)

    def read(cell: Any) -> Value:
        if cell is None:
            return None
        if isinstance(cell, str):
            text = cell.strip()
            if not text or text in codes or _as_number(text) in codes:
                return None
            return parse(cell, column)
        if isinstance(cell, bool):
            return cell if column.kind == BOOLEAN else parse("true" if cell else "false", column)
        if isinstance(cell, int | float):
            return number(cell) if column.kind == NUMBER else parse(str(cell), column)
        raise ValueError(f"a {type(cell).__name__} is no value")

    return read


def _codes(missing: Sequence[str]) -> set[Any]:
    """Codes for missing as texts and, if they are numbers, as values: -9 is also -9.0."""
    return {code.strip() for code in missing} | {
        value for code in missing if (value := _as_number(code)) is not None
    }


def _as_number(text: str) -> float | None:
    return float(text) if PLAIN.fullmatch(text.strip()) else None


def _number(text: str, column: TableColumn) -> Value:
    try:
        return parse_number(text, column.decimal, column.thousands)
    except NotFinite:
        return None


def _category(text: str, column: TableColumn) -> Value:
    text = unicodedata.normalize("NFC", text).strip()
    return column.spellings.get(folded(text), text) if column.spellings else text


_PARSERS: dict[str, Callable[[str, TableColumn], Value]] = {
    NUMBER: _number,
    BOOLEAN: lambda text, column: parse_boolean(text),
    DATE: lambda text, column: parse_date(text, column.order, column.pivot),
}
