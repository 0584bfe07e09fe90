"""Contents of examples out of data/raw, of which only the row groups are read that have them."""

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.commands.history.data_at import RawFiles

Content = dict[str, Any]
"""Values by columns of data/raw."""


def contents_of(
    raw: RawFiles | None, ids: Sequence[str], columns: Sequence[str]
) -> dict[str, Content]:
    """The contents of examples by their ids, of those that a version has."""
    found: dict[str, Content] = {}
    wanted = pa.array(sorted(set(ids)), pa.string())
    for path in raw.parts.values() if raw else ():
        with pq.ParquetFile(path) as file:
            for group in range(file.num_row_groups):
                own = file.read_row_group(group, ["id"])["id"]
                mine = pc.is_in(own, wanted)
                if pc.any(mine).as_py():
                    rows = file.read_row_group(group, list(columns)).filter(mine).to_pylist()
                    found |= zip(own.filter(mine).to_pylist(), rows, strict=True)
    return found
