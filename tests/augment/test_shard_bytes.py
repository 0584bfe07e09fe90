"""From files to shards: the same bytes in whatever order, place and process the files are read."""

import hashlib
import io
import os
import random
import subprocess
import sys
import tarfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.augment.sharding import Sharding, make_jobs, make_shards
from pipeline.dataset.table import SPLITS, words
from pipeline.modalities.images.encode.settings import (
    AugmentFields,
    Color,
    Cutout,
    RandAugment,
    Translate,
)
from pipeline.runtime.process import WORKERS_VARIABLE, map_ordered
from tests.support.limits import ingest
from tests.support.repository import ROOT
from tests.support.shard_jobs import balance_by
from tests.support.shards import write_shard_index

TRANSFORMS = [
    Translate(name="translate", fraction=0.25),
    Color(name="color"),
    Cutout(name="cutout", fraction=0.5),
    RandAugment(name="rand_augment"),
]
CLASSES = ["cat", "dog"]
NUM = 60  # of which six each are val and test


def write_tar(path: Path, png: Callable[..., bytes], seed: int) -> None:
    """Images of two classes in three splits, as members in an order that the seed gives."""
    numbers = list(range(NUM))
    random.Random(seed).shuffle(numbers)
    with tarfile.open(path, "w") as tar:
        for time, number in enumerate(numbers):
            split = {0: "test", 1: "val"}.get(number % 10, "train")
            data = png(number, channels=3)
            member = tarfile.TarInfo(f"{split}/{CLASSES[number % 3 == 0]}/{number:02d}.png")
            member.size, member.mtime = len(data), time
            tar.addfile(member, io.BytesIO(data))


def write_shards(folder: Path, rows: list[dict]) -> Path:
    """Shards of rows of the example table, in this order."""
    folder.mkdir()
    table = pa.table(
        {
            "id": [row["id"] for row in rows],
            "image": [row["image"] for row in rows],
            "sha256": [hashlib.sha256(row["image"]).hexdigest() for row in rows],
            "label": words([row["label"] for row in rows], CLASSES),
            "split": words([row["split"] for row in rows], SPLITS),
            "weight": pa.array([1.0] * len(rows), pa.float32()),
            **{name: words([row[name] for row in rows]) for name in ("source", "license")},
            "purposes": words([None] * len(rows)),
        }
    )
    plan = Sharding(
        folder=folder,
        modality="images",
        target="classes",
        index={"classes": CLASSES},
        preparation={"shape": [4, 4, 3], "resize": "squash"},
        copies=3,
        rows_per_shard=6,
        settings=AugmentFields(transforms=TRANSFORMS, resize="squash"),
        seed=0,
    )
    jobs = make_jobs(plan, [table], balance_by([table], "none", CLASSES))
    files = [file for made in map_ordered(make_shards, jobs) for file in made.files]
    files.sort(key=lambda file: file["name"])
    write_shard_index(folder, files, shape=(4, 4, 3), classes=CLASSES, copies=plan.copies)
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def build_elsewhere(folder: Path, png: Callable[..., bytes], seed: int, workers: int) -> Path:
    """Shards made by a new process in this folder, with this hash seed and order of members."""
    folder.mkdir(parents=True)
    write_tar(folder / "pets.tar", png, seed)
    environment = {
        "PYTHONPATH": str(ROOT),
        "PYTHONHASHSEED": str(seed),
        WORKERS_VARIABLE: str(workers),
    }
    subprocess.run(
        [sys.executable, "-m", "tests.augment.test_shard_bytes"],
        cwd=folder,
        env=os.environ | environment,
        check=True,
    )
    return folder / "shards"


def test_order_of_files_folder_hash_seed_and_workers_change_no_byte(tmp_path, png):
    one = contents(build_elsewhere(tmp_path / "here", png, seed=1, workers=1))
    kinds = Counter(name.split("-")[0] for name in one)
    assert kinds == {"index.json": 1, "train": 3 * 7, "val": 1, "test": 1}  # three copies
    for workers, place in (2, "there"), (4, "an other/place"):
        assert contents(build_elsewhere(tmp_path / place, png, workers, workers)) == one


@pytest.mark.parametrize("seed", range(3))
def test_shuffled_rows_keep_every_byte_of_their_own(tmp_path, png, monkeypatch, seed):
    """Where the source is a table its order is that of the shards, but no row hangs on another."""
    monkeypatch.setenv(WORKERS_VARIABLE, "1")
    write_tar(tmp_path / "pets.tar", png, seed)
    rows = ingest(tmp_path / "pets.tar")
    given = write_shards(tmp_path / "given", rows)
    random.Random(seed).shuffle(rows)
    shuffled = write_shards(tmp_path / "shuffled", rows)
    assert by_id_and_copy(shuffled) == by_id_and_copy(given)
    assert len(by_id_and_copy(given)) == 48 * 3 + 12


def by_id_and_copy(folder: Path) -> list[dict]:
    table = pa.concat_tables(pq.read_table(path) for path in folder.glob("*.parquet"))
    return table.sort_by([("id", "ascending"), ("copy", "ascending")]).to_pylist()


if __name__ == "__main__":
    write_shards(Path("shards"), ingest(Path("pets.tar")))
