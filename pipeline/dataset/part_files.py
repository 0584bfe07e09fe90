"""Tables that come one by one, written as the files of a folder of the example table."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.dataset.cutting import MOST, cut_draws, part_ends
from pipeline.dataset.records import write_part

ROWS_PER_FILE = 12288  # usual, of small images
BYTES_PER_FILE = 96 << 20


def write_tables(
    folder: Path, tables: Iterable[pa.Table], schema: pa.Schema
) -> list[dict[str, Any]]:
    """Write tables as `part-NNNNN.parquet` files of about ROWS_PER_FILE, or BYTES_PER_FILE.

    A file ends with a table, and with which of them their ids say (cutting.py), so that most stay
    when rows come or go. Returns the index's `files`.
    """
    folder.mkdir(parents=True)
    files: list[dict[str, Any]] = []
    waiting: list[pa.Table] = []
    least = BYTES_PER_FILE // ROWS_PER_FILE

    def flush(*, is_all: bool = False) -> None:
        while waiting:
            draws = cut_draws([table["id"][-1].as_py() for table in waiting])
            sizes = np.array([max(table.nbytes, least * table.num_rows) for table in waiting])
            if not is_all and sizes.sum() <= MOST * BYTES_PER_FILE:
                return
            end = next(part_ends(draws, sizes, BYTES_PER_FILE))
            table = pa.concat_tables(waiting[:end]).unify_dictionaries()
            files.append(write_part(folder, len(files), table))
            del waiting[:end]

    for table in tables:
        if table.num_rows:
            waiting.append(table)
            flush()
    flush(is_all=True)
    if not files:
        files.append(write_part(folder, 0, schema.empty_table()))
    return files
