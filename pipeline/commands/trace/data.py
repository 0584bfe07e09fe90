"""What the data at hand say of one example: where it lies, and what was decided about it."""

import csv
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq

from pipeline.commands.find.tables import is_bytes, listed, quoted, text
from pipeline.dataset.places import (
    CLEAN,
    EVALUATION,
    FINDINGS,
    OPTOUT_DIR,
    QUARANTINE,
    RAW,
    REVIEWS_DIR,
    SHARDS,
)
from pipeline.dataset.table import ANNOTATIONS

OF_FILE = ("filename", "file_row_number")
TABLES = ("removed", "pool", "duplicates", "suspected", "outliers", "review_queue")
"""Tables of data/findings that say something of single examples."""
FoundRow = dict[str, Any]


@dataclass
class OfData:
    """Rows of an example in the tables of data/; empty where there are none."""

    raw: FoundRow = field(default_factory=dict)
    clean: FoundRow = field(default_factory=dict)
    findings: dict[str, FoundRow] = field(default_factory=dict)
    prediction: FoundRow = field(default_factory=dict)
    annotations: list[FoundRow] = field(default_factory=list)
    shards: list[FoundRow] = field(default_factory=list)
    """File, and rows of it by copy."""
    quarantined: str | None = None
    decisions: list[FoundRow] = field(default_factory=list)
    """Decisions of people, with the line of the file."""
    opted_out: list[FoundRow] = field(default_factory=list)


def search_data(id: str | None, digests: Sequence[str], dataset: str) -> OfData:
    """Look an example up, by its id, or by a SHA-256 of its id or content.

    Raises:
        duckdb.Error: a file is damaged.
    """
    with duckdb.connect(":memory:") as connection:
        return _search(Tables(connection), id, digests, dataset)


class Tables:
    """Parquet files, asked for single rows."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def rows(
        self, files: Sequence[Path], where: str, *, columns: str | None = None
    ) -> Iterator[FoundRow]:
        """Rows without bytes, each with its file and its number there, from 0."""
        if not files:
            return
        names = [f.name for f in pq.read_schema(files[0]) if not is_bytes(f.type)]
        chosen = columns or ", ".join(map(quoted, [*names, *OF_FILE]))
        source = f"read_parquet({listed(files)}, filename=true, file_row_number=true)"
        query = f"SELECT {chosen} FROM {source} WHERE {where} ORDER BY ALL"
        cursor = self._connection.execute(query)
        titles = [column[0] for column in cursor.description or ()]
        for row in cursor.fetchall():
            yield dict(zip(titles, row, strict=True))

    def first(self, files: Sequence[Path], where: str) -> FoundRow:
        """The first of `rows`; empty where there is none."""
        return next(self.rows(files, where), {})


def _search(tables: Tables, id: str | None, digests: Sequence[str], dataset: str) -> OfData:
    found = OfData()
    raw = [path for path in _parquet(RAW) if path.name != ANNOTATIONS]
    if id is not None:
        found.raw = tables.first(raw, f"id = {text(id)}")
    if not found.raw and digests:
        found.raw = tables.first(raw, _has_digest(digests))
    id = found.raw.get("id", id)
    found.opted_out = list(_opted_out(dataset, id, digests, found.raw.get("sha256")))
    if id is None:
        return found
    where = f"id = {text(id)}"
    found.clean = tables.first(_parquet(CLEAN), where)
    for name in TABLES:
        row = tables.first(_existing(FINDINGS / f"{name}.parquet"), where)
        if row:
            found.findings[name] = row
    found.prediction = tables.first(_existing(EVALUATION / "predictions.parquet"), where)
    found.annotations = list(tables.rows(_existing(RAW / ANNOTATIONS), where))
    if found.clean.get("split"):
        shards = sorted(SHARDS.glob(f"{found.clean['split']}-*.parquet"))
        columns = "filename, copy, list(file_row_number) AS rows"
        found.shards = list(tables.rows(shards, f"{where} GROUP BY ALL", columns=columns))
    found.quarantined = next(_lines(QUARANTINE, "id", {id}), {}).get("reason")
    found.decisions = list(_lines(REVIEWS_DIR / f"{dataset}.csv", "id", {id}))
    return found


def _parquet(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.parquet"))


def _existing(path: Path) -> list[Path]:
    return [path] if path.is_file() else []


def _has_digest(digests: Sequence[str]) -> str:
    """A condition in SQL: the example is named by one of the digests."""
    wanted = ", ".join(map(text, digests))
    columns = ("sha256", "source_sha256", "sha256(id)")
    return " OR ".join(f"{column} IN ({wanted})" for column in columns)


def _lines(path: Path, column: str, values: set[str]) -> Iterator[FoundRow]:
    """Lines of a CSV file with one of the values, with the path and number of each line."""
    if not path.is_file():
        return
    with path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.DictReader(file)
        for row in reader:
            if row.get(column) in values:
                yield {**row, "line": f"{path}:{reader.line_num}"}


def _opted_out(
    dataset: str, id: str | None, digests: Sequence[str], content: str | None
) -> Iterator[FoundRow]:
    values = {*digests, *filter(None, [content])}
    if id is not None:
        values |= {id, hashlib.sha256(id.encode()).hexdigest()}
    yield from _lines(OPTOUT_DIR / f"{dataset}.csv", "id", values)
