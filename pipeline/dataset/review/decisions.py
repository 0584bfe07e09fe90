"""People's decisions about labels: data/reviews/<dataset>.csv, which is in git."""

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from pipeline.dataset.places import REVIEWS_DIR
from pipeline.runtime.errors import ReviewError

REVIEW_COLUMNS = ["id", "given", "decision", "reviewer", "note"]
KEEP, DROP = "keep", "drop"


@dataclass(frozen=True)
class Decision:
    """What a person decided about one example; a line of the file."""

    id: str
    given: str
    """The label it had when it was decided."""
    decision: str
    """`keep` the label, `drop` the example, or the right label."""
    reviewer: str = ""
    note: str = ""


class LabelChoices(NamedTuple):
    """Which labels people may decide for; the target says it."""

    allows: Callable[[str], bool]
    noun: str
    """What one of them is, such as `a class`."""
    advice: str
    """Which there are, for those who wrote another."""


def reviews_path(dataset: str) -> Path:
    return REVIEWS_DIR / f"{dataset}.csv"


def read_decisions(dataset: str, labels: LabelChoices) -> dict[str, Decision]:
    """People's decisions by id, from data/reviews/<dataset>.csv; of several the last counts.

    Raises:
        ReviewError: naming the line, when it has other columns or an unknown decision.
    """
    path = reviews_path(dataset)
    if not path.exists():
        return {}
    return parse_decisions(path.read_bytes(), path, labels)


def parse_decisions(content: bytes, path: Path, labels: LabelChoices) -> dict[str, Decision]:
    """The decisions in the content of the file `path`; see `read_decisions`."""
    try:
        text = content.decode("utf-8-sig")  # spreadsheets begin with a mark
    except UnicodeDecodeError:
        raise ReviewError(f"{path} is not UTF-8 text", fix="save it as UTF-8") from None
    decisions: dict[str, Decision] = {}
    records = split_records(text, path)
    found = next(records, Record([], "", 0, 1)).values
    if found != REVIEW_COLUMNS:
        raise ReviewError(
            f"{path} must have the columns {','.join(REVIEW_COLUMNS)}, found {','.join(found)}",
            fix="mend its first line",
        )
    for values, _, _, line in records:
        if len(values) != len(REVIEW_COLUMNS):
            raise ReviewError(f"{path}, line {line} has not five values", fix="mend the line")
        decision = Decision(*values)
        if decision.decision not in (KEEP, DROP) and not labels.allows(decision.decision):
            raise ReviewError(
                f"{path}, line {line}: decision must be {KEEP}, {DROP} or {labels.noun}, "
                f"found {decision.decision!r}",
                fix=labels.advice,
            )
        decisions[decision.id] = decision
    return decisions


class Record(NamedTuple):
    """A line of a CSV file, or several where a quoted value holds line ends."""

    values: list[str]
    text: str
    """As it stands in the file, with its line end."""
    offset: int
    """Characters of the file before it."""
    line: int
    """Number of its last line."""


def split_records(text: str, path: Path) -> Iterator[Record]:
    """The records of CSV text, without blank lines.

    Raises:
        ReviewError: a quote is not closed or stands where none can, which would hide lines.
    """
    lines = list(io.StringIO(text, newline=""))
    reader = csv.reader(iter(lines), strict=True)
    start = offset = 0
    try:
        for values in reader:
            record = "".join(lines[start : reader.line_num])
            if values:
                yield Record(values, record, offset, reader.line_num)
            start, offset = reader.line_num, offset + len(record)
    except csv.Error as error:
        raise ReviewError(
            f"{path}, line {start + 1}: {error}", fix="mend the quotes of the line"
        ) from None
