"""reports/rows.csv: a line for each example, by which git shows what changed from commit to commit.

It is text, sorted by key, because git stores a change of such a file in a few bytes for each line
(docs/decisions/rows-in-git.md). Beyond MOST_ROWS examples it lists its parts instead, which lie in
reports/data/rows, by the first two digits of the key. There are no ids and no contents in it:

    key      12 hex digits of the SHA-256 of the id, which may be a pseudonym already
    content  8 hex digits of the SHA-256 of the content; empty where it is unusable
    label    as text, of data/clean; empty where there is none
    split
    weight   in the training loss, to a hundredth; empty where the example is not in data/clean
    reason   why it is not: as in `removed` and `pool` of data/findings; empty where it is
"""

import csv
import hashlib
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv

from pipeline.runtime.errors import MissingInput, one_line
from pipeline.runtime.files import as_native

ROWS_FILE = Path("reports/rows.csv")
PARTS_FOLDER = Path("reports/data/rows")
MOST_ROWS = 1_000_000
"""The most rows in one file: 38 MB. GitHub takes no file of more than 100 MB."""
COLUMNS = ("key", "content", "label", "split", "weight", "reason")
HEADER = ",".join(COLUMNS).encode() + b"\n"
OF_PARTS = b"part,rows,sha256\n"
SCHEMA = pa.schema([pa.field(name, pa.string()) for name in COLUMNS])
KEY_DIGITS, CONTENT_DIGITS = 12, 8
FORMULAS = ("=", "+", "-", "@", "\t", "\r")
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
LINE_OF_ROW = re.compile(rb"^([0-9a-f]{12}),[0-9a-f]{0,8},", re.MULTILINE)
"""How a line begins; nothing else that the project writes begins like that."""


def row_key(id: str) -> str:
    """What stands for an id in rows.csv."""
    return hashlib.sha256(id.encode()).hexdigest()[:KEY_DIGITS]


def row_keys(ids: Iterable[str]) -> list[str]:
    """`row_key` of many."""
    sha256 = hashlib.sha256
    return [sha256(id.encode()).hexdigest()[:KEY_DIGITS] for id in ids]


def as_rows(table: pa.Table, label: str) -> pa.Table:
    """Examples as rows with SCHEMA, in the order of the table.

    Args:
        table: has `id`, `sha256`, `split`, and `label`, the column of labels; `weight` or `reason`
            where they have one.
    """
    nothing = pa.nulls(table.num_rows, pa.string())
    weight, reason = (table[n] if n in table.schema.names else None for n in ("weight", "reason"))
    columns = [
        pa.array(row_keys(table["id"].to_pylist()), pa.string()),
        pc.utf8_slice_codeunits(table["sha256"], 0, CONTENT_DIGITS),
        labels_as_text(table[label]),
        table["split"].cast(pa.string()),
        nothing if weight is None else weights_as_text(weight),
        nothing if reason is None else reason.cast(pa.string()),
    ]
    filled = [pc.fill_null(column, "") for column in columns]
    return pa.table(filled, schema=SCHEMA)


def labels_as_text(labels: pa.ChunkedArray) -> pa.ChunkedArray:
    """Labels of any target as text on one line; numbers with all their digits."""
    if pa.types.is_nested(labels.type):
        return pa.chunked_array([[None if v is None else str(v) for v in labels.to_pylist()]])
    if not pa.types.is_dictionary(labels.type) and not pa.types.is_string(labels.type):
        return labels.cast(pa.string())
    coded = pc.dictionary_encode(labels.cast(pa.string())).combine_chunks()
    words = pa.array(map(safe_cell, coded.dictionary.to_pylist()), pa.string())
    return words.take(coded.indices)


def safe_cell(text: str) -> str:
    """Foreign text for a cell of a CSV file: on one line, and no formula of a spreadsheet."""
    is_formula = text[:1] in FORMULAS and not NUMBER.fullmatch(text)
    return one_line(f"'{text}" if is_formula else text)


def weights_as_text(weights: pa.ChunkedArray) -> pa.Array:
    """Weights to a hundredth, without zeros at the end."""
    hundredths = np.round(weights.to_numpy().astype(np.float64) * 100).astype(np.int64)
    different, codes = np.unique(hundredths, return_inverse=True)
    return pa.array([f"{n / 100:g}" for n in different.tolist()], pa.string()).take(pa.array(codes))


def write_rows(file: Path, parts: Path, rows: pa.Table) -> None:
    """Write `rows` to a file, or, if they are more than MOST_ROWS, their parts into a folder.

    The same rows give the same bytes, in whatever order they come.
    """
    rows = rows.sort_by([(name, "ascending") for name in COLUMNS])
    if rows.num_rows <= MOST_ROWS:
        file.write_bytes(as_csv(rows))
        return
    parts.mkdir(parents=True)
    lines = [OF_PARTS]
    for name, some in _by_first_digits(rows):
        content = as_csv(some)
        (parts / name).write_bytes(content)
        digest = hashlib.sha256(content).hexdigest()
        lines.append(f"{name},{some.num_rows},{digest}\n".encode())
    file.write_bytes(b"".join(lines))


def as_csv(rows: pa.Table) -> bytes:
    columns = [quoted(rows[name]) if name == "label" else rows[name] for name in COLUMNS]
    lines = pc.binary_join_element_wise(*columns, ",").to_pylist()
    return HEADER + "".join(f"{line}\n" for line in lines).encode()


def quoted(texts: pa.ChunkedArray) -> pa.Array:
    """Texts on one line as cells: within quotes where a comma or a quote is in them."""
    coded = texts.dictionary_encode().combine_chunks()
    words = [
        '"' + word.replace('"', '""') + '"' if "," in word or '"' in word else word
        for word in coded.dictionary.to_pylist()
    ]
    return pa.array(words, pa.string()).take(coded.indices)


def parts_of(content: bytes) -> Mapping[str, str] | None:
    """Names of parts with their digests, where that is what rows.csv has; else None."""
    if not content.startswith(OF_PARTS):
        return None
    return {row["part"]: row["sha256"] for row in csv.DictReader(io.StringIO(content.decode()))}


def parse_rows(content: bytes, where: str) -> pa.Table:
    """The rows of a file, or of a part.

    Raises:
        MissingInput: it is none; `where` names it.
    """
    fix = "bring it back: dvc repro describe, or git checkout"
    if not content.startswith(HEADER):
        raise MissingInput(f"{where} does not begin with {HEADER.decode().strip()}", fix=fix)
    if len(content) == len(HEADER):
        return SCHEMA.empty_table()
    convert = arrow_csv.ConvertOptions(column_types=SCHEMA, strings_can_be_null=False)
    try:
        return arrow_csv.read_csv(as_native(content), convert_options=convert)
    except pa.ArrowException as error:
        raise MissingInput(f"{where} is damaged: {error}", fix=fix) from None


def _by_first_digits(rows: pa.Table) -> Iterator[tuple[str, pa.Table]]:
    """Sorted rows by the first two digits of their keys, as `00.csv`."""
    begins = pc.utf8_slice_codeunits(rows["key"], 0, 2)
    for digits in pc.unique(begins).to_pylist():
        yield f"{digits}.csv", rows.filter(pc.equal(begins, digits))
