"""Tables of annotations: CSV or Parquet, read in batches, and where in them a row is."""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from pipeline.runtime.errors import SourceError

COLUMNS = ["id", "annotator", "label"]

ROWS_AT_ONCE = 1 << 16
BLOCK_BYTES = 8 << 20  # a row may be as large
PARQUET = b"PAR1"


def read_batches(path: Path, where: str) -> Iterator[pa.Table]:
    """COLUMNS as text without blanks around it, in Unicode NFC; null where a cell is blank.

    Raises:
        SourceError: it is damaged, or lacks a column.
    """
    position = 0
    try:
        for batch in _parquet(path, where) if _is_parquet(path) else _csv(path, where):
            texts = {}
            for name in COLUMNS:
                text = pc.utf8_normalize(batch[name].cast(pa.string()), "NFC")
                text = pc.utf8_trim_whitespace(text)
                texts[name] = pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text)
            yield pa.table(texts)
            position += batch.num_rows
    except (pa.ArrowException, OSError, UnicodeDecodeError, csv.Error) as error:
        reason = _first_bad_line(path) or " ".join(str(error).split())[:300]
        raise SourceError(
            f"{where} cannot be read after row {position}: {reason}",
            fix="save it as UTF-8 CSV with a value for each column in each row, or as Parquet",
        ) from None


def _parquet(path: Path, where: str) -> Iterator[pa.Table]:
    with pq.ParquetFile(path) as parquet:
        schema = parquet.schema_arrow
        _require_columns(schema.names, where)
        for name in COLUMNS:
            kind = schema.field(name).type
            if pa.types.is_nested(kind) or pa.types.is_floating(kind):
                raise SourceError(
                    f"{where} has {kind} in column {name}, expected texts or whole numbers",
                    fix="write it in another type",
                )
        for batch in parquet.iter_batches(ROWS_AT_ONCE, columns=COLUMNS):
            yield pa.Table.from_batches([batch])


def _csv(path: Path, where: str) -> Iterator[pa.Table]:
    delimiter = _delimiter(path)
    _, header = next(_numbered(path, delimiter), (1, []))
    _require_columns(header, where)
    reader = pa.csv.open_csv(
        path,
        read_options=pa.csv.ReadOptions(block_size=BLOCK_BYTES),
        parse_options=pa.csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
        convert_options=pa.csv.ConvertOptions(
            include_columns=COLUMNS,
            # As text: `007` is a name, and `nan` may be a class.
            column_types=dict.fromkeys(COLUMNS, pa.string()),
            strings_can_be_null=True,
            null_values=[""],
            quoted_strings_can_be_null=True,
        ),
    )
    for batch in reader:
        yield pa.Table.from_batches([batch])


def _require_columns(names: Sequence[str], where: str) -> None:
    for column in COLUMNS:
        if (number := list(names).count(column)) != 1:
            how_many = "no column" if number == 0 else f"{number} columns"
            raise SourceError(
                f"{where} has {how_many} {column}; it has {', '.join(names) or 'none'}",
                fix=f"give it the columns {', '.join(COLUMNS)}",
            )


def _is_parquet(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(PARQUET)) == PARQUET


def _delimiter(path: Path) -> str:
    with path.open("rb") as file:
        first = file.readline(BLOCK_BYTES).decode("utf-8", "replace")
    return max(",;\t", key=first.count)


def _numbered(path: Path, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Rows of a CSV file that are not blank, each with the number of its first line."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, delimiter=delimiter)
        before = 0
        for values in reader:
            if values:
                yield before + 1, values
            before = reader.line_num


def place_of(path: Path, row: int) -> str:
    """Where a row is, as an editor would show it: `line 7`; `row 5` of a Parquet file."""
    if _is_parquet(path):
        return f"row {row}"
    lines = _numbered(path, _delimiter(path))
    return next(f"line {line}" for number, (line, _) in enumerate(lines) if number == row + 1)


def _first_bad_line(path: Path) -> str | None:
    """What is wrong in which line, where that can be told."""
    if _is_parquet(path):
        return None
    line = 0
    try:
        rows = _numbered(path, _delimiter(path))
        _, header = next(rows, (1, []))
        for line, values in rows:
            if len(values) != len(header):
                return f"line {line} has {len(values)} values, expected {len(header)}"
    except UnicodeDecodeError:
        return "it is no UTF-8"
    except csv.Error as error:
        return f"after line {line}: {error}"
    return None
