"""Detects the type of each column from all rows, with notes for people."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pipeline.modalities.tables.content.columns import (
    BOOLEAN,
    CATEGORY,
    DATE,
    NUMBER,
    TableColumn,
)
from pipeline.modalities.tables.content.values import FALSE, ONE, TRUE, ZERO, folded
from pipeline.modalities.tables.prepare.types.dates import DEFAULT_PIVOT, DatesFound, find_dates
from pipeline.modalities.tables.prepare.types.numbers import (
    OTHER,
    NumbersAmongWords,
    NumbersFound,
    find_decimal,
    find_numbers,
    numbers_among_words,
)
from pipeline.modalities.tables.prepare.types.texts import Texts, some
from pipeline.runtime.errors import SourceError
from pipeline.sources.tables.missing import doubtful_codes

MIN_ROWS_OF_IDS = 20
MAX_DIGITS = 18  # of the number of a row
MAX_LISTED = 20  # values to copy into an entry
LONG_TEXT = 40  # characters on average, if hardly a text occurs twice
HARDLY_REPEATED = 0.5


@dataclass
class ColumnsFound:
    """The columns of a table that enter data/raw, and notes for people."""

    columns: list[TableColumn] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    """Names of uninformative columns: empty, constant, identifiers, long texts."""
    missing_suggested: dict[str, list[str]] = field(default_factory=dict)
    """Values that look like codes for missing, by column."""
    decimal: str = "."


def find_columns(
    texts: Sequence[Texts],
    kinds: Mapping[str, str],
    declared: Mapping[str, str],
    entry: Any,
    latest_year: int | None = None,
) -> ColumnsFound:
    """Find the types of columns.

    Args:
        kinds: kinds of columns whose types the file has.
        declared: kinds of columns whose types the entry has.
        latest_year: that of the times of rows, which no date may exceed.

    Raises:
        SourceError: dates are ambiguous, or a column contradicts the entry.
    """
    found = ColumnsFound()
    is_open: list[str] = []
    if entry.decimal is not None:
        found.decimal = entry.decimal
    else:
        looked_at = [t for t in texts if t.name not in kinds and declared.get(t.name) != CATEGORY]
        found.decimal, is_open = find_decimal(looked_at)
        if found.decimal != ".":
            found.notes.append(
                f"numbers have {found.decimal!r} before their fraction and "
                f"{OTHER[found.decimal]!r} between thousands, in all columns"
            )
    dates = {t.name: _dates_of(t, kinds, declared) for t in texts}
    blanks = [t.name for t in texts if t.num_with_blanks]
    if blanks:
        found.notes.append(f"blanks around values are taken off: columns {some(blanks, 8)}")
    pivot = _pivot(dates, latest_year)
    for column in texts:
        kind = declared.get(column.name) or kinds.get(column.name)
        result = _column(column, kind, found, dates[column.name], pivot, entry)
        if result is None:
            continue
        if result.kind == NUMBER and column.name in is_open:
            found.doubts.append(_open_sign(column, found.decimal))
        has_declared_type = column.name in declared
        if not has_declared_type and (reason := _carries_nothing(column, result)) is not None:
            found.left_out.append(column.name)
            found.notes.append(f"column {column.name} {reason}: no input")
            continue
        _say_codes(column, result, found)
        found.columns.append(result)
    return found


def _dates_of(
    texts: Texts, kinds: Mapping[str, str], declared: Mapping[str, str]
) -> DatesFound | None:
    kind = declared.get(texts.name) or kinds.get(texts.name)
    return find_dates(texts) if kind in (None, DATE) else None


def _pivot(dates: Mapping[str, DatesFound | None], latest_year: int | None) -> int:
    years = [d.latest_year for d in dates.values() if d is not None and d.latest_year]
    years = [latest_year] if latest_year else years
    return max(years) % 100 if years and 2000 <= max(years) < 2100 else DEFAULT_PIVOT


def _column(
    texts: Texts,
    kind: str | None,
    found: ColumnsFound,
    dates: DatesFound | None,
    pivot: int,
    entry: Any,
) -> TableColumn | None:
    """The column, or None for one that is empty."""
    name, missing = texts.name, tuple(texts.codes)
    if texts.num_missing_codes:
        codes = ", ".join(texts.codes)
        found.notes.append(
            f"column {name}: {texts.num_missing_codes} rows have what the entry calls missing "
            f"({codes})"
        )
    if not texts.num_there:
        found.left_out.append(name)
        found.notes.append(f"column {name} is empty in all rows: no input")
        return None
    words = {folded(text) for text in texts.counts}
    is_yes_or_no = words <= TRUE | FALSE | {ONE, ZERO} and words & TRUE and words & FALSE
    if kind == BOOLEAN or (kind is None and is_yes_or_no):
        if not words <= TRUE | FALSE | {ONE, ZERO}:
            raise _unlike(name, BOOLEAN, some(sorted(words - TRUE - FALSE)))
        if len(texts.counts) > 2:
            found.notes.append(f"column {name} says yes or no in {len(texts.counts)} spellings")
        return TableColumn(name, BOOLEAN, missing=missing)
    if kind in (None, NUMBER) and (numbers := find_numbers(texts, found.decimal)) is not None:
        _say_numbers(texts, numbers, found)
        thousands = OTHER[found.decimal]
        return TableColumn(
            name, NUMBER, decimal=found.decimal, thousands=thousands, missing=missing
        )
    if kind == NUMBER:
        odd = [text for text in texts.counts if not text[:1].isdigit()]
        raise _unlike(name, NUMBER, some(odd or list(texts.counts)))
    if kind in (None, DATE) and dates is not None:
        return _date(texts, dates, found, pivot, entry)
    if kind == DATE:
        raise _unlike(name, DATE, some(list(texts.counts)))
    mixed = numbers_among_words(texts, found.decimal) if kind is None else None
    if mixed is not None:
        found.doubts.append(_mixed(texts, mixed))
    return TableColumn(name, CATEGORY, missing=missing, spellings=_spellings(texts, found))


def _date(
    texts: Texts, dates: DatesFound, found: ColumnsFound, pivot: int, entry: Any
) -> TableColumn:
    name = texts.name
    order = dates.order or entry.dates.order
    if order is None:
        raise SourceError(
            f"column {name} has dates of which each could be either way round, such as "
            f"{next(iter(texts.counts))}: day or month first?",
            fix="say dates: {order: day} or dates: {order: month} in the catalog entry",
        )
    if order != "year":
        found.notes.append(f"column {name} has dates with the {order} first, {dates.reason}")
    if dates.has_two_digits:
        found.notes.append(
            f"column {name} has years of two digits: up to {pivot:02d} they are after 2000, "
            "others before"
        )
    if dates.others:
        found.doubts.append(_no_values(texts, dates.others, "date"))
    if dates.num_aware and dates.num_naive:
        found.doubts.append(
            f"column {name}: {dates.num_naive} rows without a time zone, {dates.num_aware} with one"
        )
    return TableColumn(name, DATE, order=order, pivot=pivot, missing=tuple(texts.codes))


def _say_numbers(texts: Texts, numbers: NumbersFound, found: ColumnsFound) -> None:
    name = texts.name
    if numbers.not_finite:
        found.doubts.append(
            f"column {name}: {texts.rows_of(numbers.not_finite)} rows are not finite "
            f"({some(numbers.not_finite)}): they count as missing"
        )
    if numbers.others:
        found.doubts.append(_no_values(texts, numbers.others, "number"))
        found.missing_suggested.setdefault(name, []).extend(numbers.others)
    around = {affix: rows for affix, rows in numbers.affixes.items() if affix}
    if len(numbers.affixes) > 1:
        shown = ", ".join(f"{rows} with {a or 'none'}" for a, rows in numbers.affixes.items())
        found.doubts.append(f"column {name} has numbers with different signs around: {shown}")
    elif around:
        found.notes.append(f"column {name} is read without {next(iter(around))}, as written")


def _no_values(texts: Texts, others: list[str], noun: str) -> str:
    return (
        f"column {texts.name}: {texts.rows_of(others)} rows have {some(others)}, which is no "
        f"{noun}; where it means missing, say missing: {{{texts.name}: {others[:MAX_LISTED]}}}"
    )


def _mixed(texts: Texts, mixed: NumbersAmongWords) -> str:
    start = (
        f"column {texts.name} is read as categories, though {mixed.num_numbers} of "
        f"{texts.num_there} rows are numbers: "
    )
    if not mixed.words:
        units = ", ".join(
            f"{rows} rows with {unit or 'none'}" for unit, rows in mixed.units.items()
        )
        return f"{start}their units differ: {units}; write them in one"
    return (
        f"{start}{texts.rows_of(mixed.words)} have {some(mixed.words)}; correct them, or where "
        f"they mean missing, say missing: {{{texts.name}: {mixed.words[:MAX_LISTED]}}}"
    )


def _open_sign(texts: Texts, decimal: str) -> str:
    shown = next(text for text in texts.counts if "." in text or "," in text)
    return (
        f"column {texts.name}: {shown} has three digits behind its sign: {decimal!r} counts as the "
        "sign before a fraction; say decimal: in the catalog entry where it is another"
    )


def _spellings(texts: Texts, found: ColumnsFound) -> dict[str, str]:
    if not texts.spellings:
        return {}
    spelled = sum(len(alike) for alike in texts.spellings.values())
    found.notes.append(
        f"column {texts.name}: {spelled} spellings are of {len(texts.spellings)} values that "
        f"differ in case, blanks, hyphens or accents alone, such as "
        f"{some([repr(t) for t in next(iter(texts.spellings.values()))], 2)}"
    )
    return {key: alike[0] for key, alike in texts.spellings.items()}


def _carries_nothing(texts: Texts, column: TableColumn) -> str | None:
    """Why a column is not an input; None if it may be one."""
    num, there = texts.num_rows, texts.num_there
    if len(texts.counts) == 1 and there == num:
        return f"is {next(iter(texts.counts))[:40]!r} in all rows"
    if column.kind == NUMBER:
        return "is a row number" if _counts_rows(texts) else None
    if column.kind != CATEGORY or num < MIN_ROWS_OF_IDS:
        return None
    if texts.is_unique and there > HARDLY_REPEATED * num:
        return "is another text in each row, as identifiers are"
    long = sum(len(text) for text in texts.counts) > LONG_TEXT * len(texts.counts)
    if long and len(texts.counts) > HARDLY_REPEATED * there:
        return "is long text that hardly repeats"
    return None


def _counts_rows(texts: Texts) -> bool:
    """Whether the numbers count up by one from row to row."""
    if not texts.is_unique or texts.num_there < texts.num_rows or texts.num_rows < MIN_ROWS_OF_IDS:
        return False
    if not all(text.isdecimal() and len(text) <= MAX_DIGITS for text in texts.counts):
        return False
    numbers = sorted(map(int, texts.counts))
    return numbers[-1] - numbers[0] == len(numbers) - 1 and numbers[0] in (0, 1)


def _say_codes(texts: Texts, column: TableColumn, found: ColumnsFound) -> None:
    if column.kind != NUMBER:
        return
    for code in doubtful_codes(texts.before, texts.codes):
        if "no number" in code.reason:
            continue
        is_declared = code.reason.startswith("is within")
        found.doubts.append(
            f"column {texts.name}: {code.value} is in {code.rows} rows and {code.reason}"
            + (
                "; it is called missing: say missing: by column if it is a value here"
                if is_declared
                else "; is it a code for missing? Then say missing: "
                f"{{{texts.name}: [{code.value}]}}"
            )
        )
        if not is_declared:
            found.missing_suggested.setdefault(texts.name, []).append(code.value)


def _unlike(name: str, kind: str, shown: str) -> SourceError:
    return SourceError(
        f"column {name} is no {kind}, as types: in the catalog entry says: it has {shown}",
        fix="correct types: in the catalog entry, or list the values under missing:",
    )
