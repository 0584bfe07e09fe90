"""What tests of making shards share: examples of three splits, and all of their shards."""

from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.augment.reuse import EarlierShards
from pipeline.augment.sharding import MadeShards, Sharding, ShardJob, make_jobs, make_shards
from pipeline.dataset.table import words
from pipeline.modalities.images.encode.settings import AugmentFields, Cutout, Translate
from pipeline.runtime.process import map_ordered
from pipeline.targets.classes.labels.balance import balance as balance_of
from pipeline.targets.protocols.labels import Times
from tests.support.shards import write_shard_index

CLASSES = ["cat", "dog", "bird"]
SPLITS = ["train", "train", "val", "train", "test", "train", "train"]
TRANSFORMS = [Translate(name="translate", fraction=0.25), Cutout(name="cutout", fraction=0.5)]
NUM = 33


def examples(png) -> pa.Table:
    vocabulary = ["train", "val", "test"]
    return pa.table(
        {
            "id": [f"id-{i}" for i in range(NUM)],
            "image": [png(i) for i in range(NUM)],
            "sha256": [sha256(png(i)).hexdigest() for i in range(NUM)],
            "label": words([CLASSES[i % 3] for i in range(NUM)], CLASSES),
            "split": words([SPLITS[i % len(SPLITS)] for i in range(NUM)], vocabulary),
            "weight": pa.array(np.linspace(0, 1, NUM).astype(np.float32)),
            "source": words([f"pets-{i % 2}" for i in range(NUM)]),
            "license": words(["MIT"] * NUM),
            "purposes": words([None] * NUM),
        }
    )


def chunks(table: pa.Table, *sizes: int) -> list[pa.Table]:
    """Slices of the sizes in turn."""
    found, start = [], 0
    while start < table.num_rows:
        size = sizes[len(found) % len(sizes)]
        found.append(table.slice(start, size))
        start += size
    return found


def make_plan(folder: Path) -> Sharding:
    folder.mkdir()
    return Sharding(
        folder=folder,
        modality="images",
        target="classes",
        index={"classes": CLASSES},
        preparation={"shape": [4, 4, 1], "resize": "squash"},
        copies=3,
        rows_per_shard=4,
        settings=AugmentFields(transforms=TRANSFORMS, resize="squash"),
        seed=0,
    )


def jobs_of(
    plan: Sharding,
    tables: list[pa.Table],
    balance: str = "none",
    earlier: EarlierShards | None = None,
) -> Iterator[ShardJob]:
    return make_jobs(plan, tables, balance_by(tables, balance), earlier)


def balance_by(tables: list[pa.Table], balance: str, classes: list[str] = CLASSES) -> Times:
    """How often the training examples of the tables stand in copies."""
    train = [table.filter(pc.equal(table["split"], "train"))["label"] for table in tables]
    labels = pa.chunked_array([c for v in train for c in v.cast("string").chunks], pa.string())
    return balance_of(labels, {"classes": classes}, SimpleNamespace(balance=balance))


def make_all(
    plan: Sharding,
    tables: list[pa.Table],
    balance: str = "none",
    earlier: EarlierShards | None = None,
) -> list[MadeShards]:
    made = list(map_ordered(make_shards, jobs_of(plan, tables, balance, earlier)))
    files = sorted((file for one in made for file in one.files), key=lambda file: file["name"])
    write_shard_index(plan.folder, files, shape=(4, 4, 1), classes=CLASSES, copies=plan.copies)
    return made


def elsewhere(plan: Sharding, folder: Path) -> Sharding:
    folder.mkdir()
    return replace(plan, folder=folder)


def contents(plan: Sharding) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in plan.folder.iterdir()}
