"""People's decisions about labels: data/reviews/<dataset>.csv, which is in git."""

import csv
import io
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from pipeline.dataset.places import REVIEWS_DIR
from pipeline.runtime.errors import ReviewError

REVIEW_COLUMNS = ["id", "given", "decision", "reviewer", "note"]
HEADER = ",".join(REVIEW_COLUMNS) + "\n"
KEEP, DROP = "keep", "drop"
MARK = "\ufeff"  # spreadsheets begin a file with it


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
    """The labels that people may choose; the target defines them."""

    allows: Callable[[str], bool]
    noun: str
    """Name of one label, such as `a class`."""
    advice: str
    """The labels there are, for people who wrote another."""


ANY_LABEL = LabelChoices(lambda label: True, "", "")


def as_line(decision: Decision) -> str:
    """Write a decision as a line of the file, from which csv reads the same decision."""
    text = io.StringIO()
    # With CRLF as line end, csv quotes values that hold CR or LF, else only those with LF.
    values = [getattr(decision, name) for name in REVIEW_COLUMNS]
    csv.writer(text, lineterminator="\r\n").writerow(values)
    return text.getvalue().removesuffix("\r\n") + "\n"


def bare(line: str) -> str:
    """A line without its end, which an editor may have changed."""
    return line.rstrip("\r\n")


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
    return parse_reviews(decoded(content, path), path, labels).decisions


def decoded(content: bytes, path: Path) -> str:
    """The text of the file; a mark at its start, which spreadsheets write, stays."""
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        raise ReviewError(f"{path} is not UTF-8 text", fix="save it as UTF-8") from None


def parse_reviews(text: str, path: Path, labels: LabelChoices) -> "Reviews":
    """Parse the text of the file `path`; see `read_decisions`."""
    records = list(split_records(text, path))
    found = records[0].values if records else []
    if found and found[0] == MARK + REVIEW_COLUMNS[0]:
        found = [REVIEW_COLUMNS[0], *found[1:]]
    if found != REVIEW_COLUMNS:
        raise ReviewError(
            f"{path} must have the columns {','.join(REVIEW_COLUMNS)}, found {','.join(found)}",
            fix="mend its first line",
        )
    reviews = Reviews(text, [], Counter(), {})
    for record in records:
        reviews.records.append(record)
        reviews.counts[bare(record.text)] += 1
    for record in records[1:]:
        decision = _checked(record, path, labels)
        reviews.decisions[decision.id] = decision
    return reviews


def extended(reviews: "Reviews", text: str, path: Path, labels: LabelChoices) -> "Reviews":
    """Parse a text that mostly is the one parsed before, with some lines appended."""
    size = len(reviews.text)
    if not reviews.text.endswith("\n") or not text.startswith(reviews.text):
        return parse_reviews(text, path, labels)
    try:
        records = [r._replace(offset=r.offset + size) for r in split_records(text[size:], path)]
        decisions = [_checked(record, path, labels) for record in records]
    except ReviewError:
        return parse_reviews(text, path, labels)  # its error names the right line
    for record, decision in zip(records, decisions, strict=True):
        reviews.records.append(record)
        reviews.counts[bare(record.text)] += 1
        reviews.decisions[decision.id] = decision
    reviews.text = text
    return reviews


def _checked(record: "Record", path: Path, labels: LabelChoices) -> Decision:
    if len(record.values) != len(REVIEW_COLUMNS):
        raise ReviewError(f"{path}, line {record.line} has not five values", fix="mend the line")
    decision = Decision(*record.values)
    if decision.decision not in (KEEP, DROP) and not labels.allows(decision.decision):
        raise ReviewError(
            f"{path}, line {record.line}: decision must be {KEEP}, {DROP} or {labels.noun}, "
            f"found {decision.decision!r}",
            fix=labels.advice,
        )
    return decision


class Record(NamedTuple):
    """A line of a CSV file, or several where a quoted value holds line ends."""

    values: list[str]
    text: str
    """The line as it is in the file, with its end."""
    offset: int
    """Characters of the file before it."""
    line: int
    """Number of its last line."""


@dataclass
class Reviews:
    """A parsed file."""

    text: str
    records: list[Record]
    """Its header and its lines."""
    counts: Counter[str]
    """Number of times it has each line; without line ends."""
    decisions: dict[str, Decision]
    """Decisions by id; of several the last counts."""


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
