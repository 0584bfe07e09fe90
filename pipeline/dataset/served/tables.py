"""Records of a server as tables; see layout.py."""

import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from pipeline.dataset.served.layout import ANSWERS, TRUTHS, Records, read_records
from pipeline.runtime.files import written_whole

SUFFIX = ".rec"


class Served(NamedTuple):
    """The records that servers wrote into a folder."""

    answers: pa.Table
    """Columns model, time, id, digest, seconds, outputs, embedding, and the measurements."""
    truths: pa.Table
    """Columns model, time, id, label; an id may be repeated, the last one counts."""
    num_torn: int
    """Number of torn rows."""
    unreadable: list[str]
    """Files that cannot be read, and why."""


def read_served(folder: Path) -> Served:
    """All records below a folder, oldest first."""
    tables: dict[str, list[pa.Table]] = {ANSWERS: [], TRUTHS: []}
    num_torn, unreadable = 0, []
    for path in record_files(folder):
        try:
            records = read_records(path)
        except (OSError, ValueError) as error:
            unreadable.append(f"{path}: {error}")
            continue
        tables[records.layout.kind].append(table_of(records))
        num_torn += records.num_torn
    answers, truths = (_together(tables[kind]) for kind in (ANSWERS, TRUTHS))
    return Served(answers, truths, num_torn, unreadable)


def write_parquet(table: pa.Table, path: Path) -> None:
    """Write a table of records, whole or not at all."""
    with written_whole(path) as partial:
        pq.write_table(table, partial, compression="zstd")


def record_files(folder: Path) -> list[Path]:
    """Files of records, by their names, which begin with the hour."""
    return sorted(folder.rglob(f"*{SUFFIX}"), key=lambda path: (path.name, path))


def table_of(records: Records) -> pa.Table:
    """Make a table with a column for each field and each measurement."""
    layout, rows, _ = records
    columns = {
        "model": pa.array([layout.model] * len(rows), pa.string()).dictionary_encode(),
        "time": pa.array((rows["time"] * 1e6).astype(np.int64)).cast(pa.timestamp("us", "UTC")),
        "id": pa.array([str(uuid.UUID(bytes=id.tobytes())) for id in rows["id"]], pa.string()),
    }
    if layout.kind == TRUTHS:
        labels = [label.decode() for label in rows["label"].tolist()]
        return pa.table({**columns, "label": pa.array(labels, pa.string())})
    digests = [digest.decode() or None for digest in rows["digest"].tolist()]
    columns["digest"] = pa.array(digests, pa.string())
    columns["seconds"] = pa.array(rows["seconds"])
    for name in ("outputs", "embedding"):
        columns[name] = _lists(rows[name].astype(np.float32))
    for place, name in enumerate(layout.measured):
        columns[name] = pa.array(rows["measured"][:, place], from_pandas=True)
    return pa.table(columns)


def _lists(values: NDArray) -> pa.Array:
    return pa.FixedSizeListArray.from_arrays(pa.array(values.ravel()), values.shape[1])


def _together(tables: Iterable[pa.Table]) -> pa.Table:
    """Join tables; models may differ in their number of outputs, so lists vary in length."""
    tables = list(tables)
    if not tables:
        return pa.table({})
    if len({table.schema for table in tables}) > 1:
        tables = [_loose(table) for table in tables]
    return pa.concat_tables(tables, promote_options="default").sort_by("time")


def _loose(table: pa.Table) -> pa.Table:
    def fields() -> Iterator[pa.Field]:
        for field in table.schema:
            is_list = pa.types.is_fixed_size_list(field.type)
            yield pa.field(field.name, pa.list_(pa.float32())) if is_list else field

    return table.cast(pa.schema(list(fields())))
