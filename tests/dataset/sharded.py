"""What tests of shards share: small shards, and a folder of them."""

from pathlib import Path

import numpy as np
import pyarrow as pa

from pipeline.dataset.records import write_index
from pipeline.dataset.shard_reader import ShardReader
from pipeline.dataset.shards import Shard, write_shard

FIX = "make the shards again: dvc repro --force --single-item augment"


def shard(start: int, num: int, shape=(2, 3, 3)) -> Shard:
    """Rows that each differ from every other, numbered from `start`."""
    numbers = np.arange(start, start + num)
    size = int(np.prod(shape))
    images = (numbers[:, None] * 7 + np.arange(size)).astype(np.uint8).reshape(num, *shape)
    ids = [f"id-{number}" for number in numbers]
    return Shard(
        images, (numbers % 3).astype(np.int32), (1 / (1 + numbers)).astype(np.float32), ids
    )


def provenance(num: int) -> pa.Table:
    return pa.table({"source": ["pets"] * num, "license": ["MIT"] * num, "purposes": [None] * num})


def write_shards(folder: Path, *files: tuple[str, int, Shard], shape=(2, 3, 3)) -> ShardReader:
    """Write `(split, copy, rows)`, numbered as they come."""
    entries = []
    for number, (split, copy, rows) in enumerate(files):
        name = f"{split}-{number:05d}.parquet"
        digest = write_shard(folder / name, *rows, copy, provenance(len(rows.ids)))
        entry = {"name": name, "split": split, "copy": copy, "rows": len(rows.ids)}
        entries.append(entry | {"sha256": digest})
    write_index(folder, entries, shape=shape, classes=["a", "b", "c"], copies=2)
    return ShardReader(folder)
