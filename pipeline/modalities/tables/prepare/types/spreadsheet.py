"""Traces of spreadsheets in texts: what they changed when somebody opened and saved a file."""

import re

from pipeline.modalities.tables.prepare.types.texts import Texts, some

ROUNDED = re.compile(r"\d(?:[.,]\d+)?E\+1\d")
"""A whole number of more than 11 digits, as a narrow cell shows it: 4.56E+12."""
MONTHS = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec"
DATE_OF_WORD = re.compile(rf"\d{{1,2}}-(?:{MONTHS})|(?:{MONTHS})-\d{{2}}")
"""A date that a spreadsheet made of a word such as MARCH1 or 2/9."""
FORMULA_OF_TEXT = re.compile(r'="[^"]*"')
TOTALS = {"total", "totals", "grand total", "subtotal", "sum", "summe", "gesamt", "insgesamt"}
TOTALS |= {"totale", "totaal", "suma", "итого", "всего", "合計", "总计", "合计", "total général"}
LAST_ROWS = 3


def traces(texts: Texts) -> list[str]:
    """Sentences on values of a column that a spreadsheet changed."""
    rounded = [text for text in texts.counts if ROUNDED.fullmatch(text)]
    dates = [text for text in texts.counts if DATE_OF_WORD.fullmatch(text)]
    quoted = [text for text in texts.counts if FORMULA_OF_TEXT.fullmatch(text)]
    found = []
    if rounded:
        found.append(
            f"column {texts.name}: {texts.rows_of(rounded)} rows have {some(rounded)}, as a "
            "spreadsheet shows long numbers: their last digits are lost; if they are ids, export "
            "the column as text"
        )
    if dates and len(dates) < len(texts.counts):
        found.append(
            f"column {texts.name}: {texts.rows_of(dates)} rows have {some(dates)} among other "
            "words: a spreadsheet makes such dates of words"
        )
    if quoted:
        found.append(
            f"column {texts.name}: {texts.rows_of(quoted)} rows are written as a formula of a "
            f"spreadsheet, {quoted[0]}, and are read as that text"
        )
    return found


def totals(texts: Texts) -> list[str]:
    """A sentence on a row at the end that is the sum of the rows above, by what it says."""
    num = texts.num_rows
    last = texts.values.slice(max(0, num - LAST_ROWS)).to_pylist()
    for row, text in enumerate(last, num - len(last) + 1):
        is_total = text is not None and text.casefold().rstrip(" :.") in TOTALS
        if is_total and texts.counts[text] == 1:
            return [
                f"column {texts.name}: row {row} of {num} says {text}: it looks like the sum of "
                "the others, and no example; if so, take it out of the file"
            ]
    return []
