"""What tests of shards share: small shards, and a folder of them."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.dataset.shards.column import ShardColumn
from pipeline.dataset.shards.files import Shard, write_shard
from pipeline.dataset.shards.reader import ShardReader
from pipeline.dataset.table import write_index

LABEL_COLUMNS = [ShardColumn("y", "int32"), ShardColumn("weight", "float32")]
FIX = "groundwork repair --cache && dvc repro"


def shard(start: int, num: int, shape=(2, 3, 3)) -> Shard:
    """Rows that each differ from every other, numbered from `start`."""
    numbers = np.arange(start, start + num)
    size = int(np.prod(shape))
    images = (numbers[:, None] * 7 + np.arange(size)).astype(np.uint8).reshape(num, *shape)
    ids = [f"id-{number}" for number in numbers]
    return Shard(
        {"x": images}, (numbers % 3).astype(np.int32), (1 / (1 + numbers)).astype(np.float32), ids
    )


def image_columns(shape) -> list[ShardColumn]:
    """Columns of shards of images of classes."""
    return [ShardColumn("x", "uint8", tuple(shape)), *LABEL_COLUMNS]


def write_shard_index(folder: Path, files: list[dict], *, shape, classes, **values: Any) -> None:
    """The index of shards of images of classes; `preparation` may have more than a shape."""
    scaling = {"mean": [127.0] * shape[2], "std": [64.0] * shape[2]}
    preparation = {"shape": list(shape), **scaling, **values.pop("preparation", {})}
    write_index(
        folder,
        files,
        modality="images",
        preparation=preparation,
        target_kind="classes",
        target={"classes": list(classes)},
        columns=[column._asdict() for column in image_columns(shape)],
        **values,
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
    write_shard_index(folder, entries, shape=shape, classes=["a", "b", "c"], copies=2)
    return ShardReader(folder)


def write_learnable(folder: Path, classes: list[str]) -> None:
    """Shards of 40 training images in two copies and 20 for validation; a class is a brightness.

    Beside `data/shards` comes a `data/clean` of no times, which train asks for those.
    """
    if folder.name == "shards":
        clean = folder.with_name("clean")
        clean.mkdir(parents=True, exist_ok=True)
        write_index(clean, [])
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(len(classes))
    entries = []
    for split, copy, num in (("train", 0, 40), ("train", 1, 40), ("val", 0, 20)):
        labels = (np.arange(num) % len(classes)).astype(np.int32)
        images = random.integers(0, 60, (num, 8, 8, 1)) + 60 * labels[:, None, None, None]
        name, ids = f"{split}-{copy:05d}.parquet", [f"{split}-{n}" for n in range(num)]
        digest = write_shard(
            folder / name,
            {"x": images.astype(np.uint8)},
            labels,
            np.ones(num, np.float32),
            ids,
            copy,
            provenance(num),
        )
        entry = {"name": name, "split": split, "copy": copy, "rows": num}
        entries.append(entry | {"sha256": digest})
    mean = [float(50 * len(classes))]
    write_shard_index(
        folder,
        entries,
        shape=[8, 8, 1],
        classes=classes,
        copies=2,
        dataset="pets",
        license="CC0-1.0",
        preparation={"resize": "squash", "mean": mean, "std": [40.0]},
    )
