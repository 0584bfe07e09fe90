"""Cuts a long list of examples into parts that mostly stay the same when the list changes.

A part ends, where it has about the usual size, with the example whose id draws the least number
(content-defined chunking, as in LBFS: Muthitacharoen et al. 2001,
https://doi.org/10.1145/502034.502052). So an example that comes or goes changes the part that it is
in, and now and then the next one. All others keep their bytes, and DVC's cache and remotes store
them once for all versions.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.dataset.randomness import id_keys, uniform
from pipeline.dataset.table import write_part

LEAST, MOST = 2 / 3, 4 / 3
"""Bounds of a part's size, as a share of the usual one. The last part, and one cut short by an
oversized example, may be smaller; a part that is one oversized example may be larger."""


def cut_draws(ids: Sequence[str]) -> NDArray[np.float64]:
    """The number drawn by each id."""
    return uniform(id_keys(ids), 0, "end of a part")


def part_ends(draws: NDArray[np.float64], sizes: NDArray[np.int64], usual: int) -> Iterator[int]:
    """The place after each part, for examples of these `sizes`, in the unit of `usual`.

    Looks no further than one example beyond MOST from where the part begins.
    """
    total = np.cumsum(
        sizes, dtype=np.float64
    )  # exact to 2**53; searched for a float without copies
    begin, filled = 0, 0.0
    while begin < len(total):
        least = int(np.searchsorted(total, filled + LEAST * usual))
        most = int(np.searchsorted(total, filled + MOST * usual, "right"))
        if most == len(total):
            begin = most
        elif least < most:
            begin = least + int(draws[least:most].argmin()) + 1
        else:
            begin = max(begin + 1, most)
        filled = float(total[begin - 1])
        yield begin


ROWS_PER_FILE = 12288  # usual, of small images
BYTES_PER_FILE = 96 << 20


def write_tables(
    folder: Path, tables: Iterable[pa.Table], schema: pa.Schema
) -> list[dict[str, Any]]:
    """Write tables as `part-NNNNN.parquet` files of about ROWS_PER_FILE, or BYTES_PER_FILE.

    A file ends at the end of a table, which `part_ends` chooses by ids, so that most files stay the
    same when rows come or go. Returns the index's `files`.
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
