"""Space that shards will take, in a file, in memory and on the disk, before any is written."""

import shutil
from pathlib import Path

from pipeline.runtime.errors import SettingsError
from pipeline.runtime.files import size
from pipeline.runtime.stage import Stage

PRINTED_FROM_BYTES = 10 << 30
MOST_ROWS = 50_000
"""Usual number of rows of a shard of small examples, whose contents are in memory at once."""


def rows_per_shard(shard_mb: float, row_bytes: int) -> int:
    """The usual number of rows of a shard of `shard_mb` megabytes, MOST_ROWS at most."""
    return min(max(1, int(shard_mb * 1e6 // row_bytes)), MOST_ROWS)


def check_space(stage: Stage, folder: Path, num_rows: int, row_bytes: int, copies: int) -> None:
    """Check that the shards fit on the disk of `folder`, and print it when they will be large.

    Shards are not compressed, so this is the least they take; balancing may add copies.

    Args:
        num_rows: rows of all shards, one for each copy of an example.
        row_bytes: size of the input columns of a row.

    Raises:
        SettingsError: they would take more than is free.
    """
    needed, free = num_rows * row_bytes, shutil.disk_usage(folder).free
    if needed > free:
        raise SettingsError(
            f"the shards would take about {size(needed)} ({num_rows:,} rows of "
            f"{row_bytes:,} bytes, augment.copies being {copies}), and the disk has "
            f"{size(free)} free",
            fix="set fewer augment.copies in params.yaml or make examples smaller in the catalog "
            "entry (for images image_size), or free space",
        )
    if needed > PRINTED_FROM_BYTES:
        stage.say(
            f"the shards will take about {size(needed)} of the {size(free)} that are "
            f"free, and as much in the cache (augment.copies: {copies})"
        )
