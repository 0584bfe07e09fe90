"""Data that change: with real DVC, stages do what is new, to the bytes of a run that does all."""

import json
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from pipeline.ingest.reuse import UNSETTLED_NS, KnownPart
from pipeline.modalities.images.content.decoding import encode_png
from pipeline.runtime.cache import read_cache, write_cache
from pipeline.runtime.settings import read_yaml
from tests.support.repository import Repository

BEFORE = "examples were searched for near duplicates before"
OUTPUTS = ("data/clean", "data/findings", "reports/labels.json")
CACHE = ".groundwork/cache"


def augment(repository: Repository, options: str = "") -> list[str]:
    """What `clean` says of images that it knows, and all that `augment` says."""
    output = repository.run(f"dvc repro {options} augment")
    return [line for line in output.splitlines() if line.startswith("augment: ") or BEFORE in line]


@pytest.mark.slow  # a minute; .ci/run has it
def test_what_has_not_changed_is_not_made_again(quick_clone):
    repository = quick_clone
    repository.set_params({"clean": {"folds": 0}})
    optout, reviews = (
        repository.path / f"data/{name}/digits.csv" for name in ("optout", "reviews")
    )
    optout.write_text("id\n0003\n")
    [line] = augment(repository)
    assert line.endswith(", 2 copies of train")
    optout.unlink()
    reviews.write_text("id,given,decision,reviewer,note\n0005,5,7,ana,\n0006,6,drop,ana,\n")
    searched, line = augment(repository)
    assert searched == f"clean: 1796 of 1797 {BEFORE}"
    assert " of them as before, " in line
    assert line.endswith(", 2 copies of train, 1795 of 1796 examples as before")
    found = repository.digests("data/shards")
    cleaned = repository.digests(*OUTPUTS)
    repository.run("dvc repro --single-item describe")
    rows = repository.digests("reports/rows.csv")

    shutil.rmtree(repository.path / CACHE / "near_duplicates")
    assert BEFORE not in repository.run("dvc repro --force --single-item clean")
    assert repository.digests(*OUTPUTS) == cleaned
    repository.run("dvc repro --force --single-item describe")
    assert repository.digests("reports/rows.csv") == rows

    shard = repository.path / "data/shards/train-00003.parquet"
    content = bytearray(shard.read_bytes())
    content[len(content) // 2] ^= 1
    shard.write_bytes(content)
    warning, line = augment(repository, "--force --single-item")
    assert warning == (
        "augment: all shards are made again, since shard data/shards/train-00003.parquet is "
        "damaged: its digest is not the one in index.json"
    )
    assert line.endswith(", 2 copies of train")
    assert repository.digests("data/shards") == found
    assert len(list((repository.path / CACHE / "shards").iterdir())) <= 2


def write_tiles(folder: Path, numbers: range) -> None:
    """Small pictures, each different, of two classes."""
    for number in numbers:
        path = folder / f"{'dark' if number % 2 else 'bright'}/{number:05d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        tile = np.random.default_rng(number).integers(0, 100, (4, 4, 1)) + 100 * (number % 2)
        path.write_bytes(encode_png(tile.astype(np.uint8)))


@pytest.mark.slow  # half a minute
def test_of_a_folder_only_what_is_near_new_images_is_read_again(quick_clone):
    repository = quick_clone
    tiles = repository.path.parent / "tiles"
    write_tiles(tiles, range(9000))
    (repository.path / "data/catalog/tiles.yaml").write_text(f"uri: {tiles}\nlicense: CC0-1.0\n")
    repository.set_params({"dataset": "tiles"})
    time.sleep(UNSETTLED_NS / 1e9)
    assert "as before" not in repository.run("dvc repro ingest")
    cache = repository.path / ".dvc/cache"
    before = sizes_of(cache)

    write_tiles(tiles, range(90_000, 90_010))  # one behind the other
    time.sleep(UNSETTLED_NS / 1e9)
    output = repository.run("dvc repro --force ingest")
    [said] = [line for line in output.splitlines() if "parts of the source are as before" in line]
    known, total = (int(word) for word in said.split() if word.isdecimal())
    assert total - 4 <= known < total
    grown = sum(size for path, size in sizes_of(cache).items() if path not in before)
    assert grown < 0.7 * sum(before.values())  # what stays is kept once
    found = repository.digests("data/raw")

    # What `add` would read again is known too: it believes a fingerprint that is one too high.
    add = "groundwork add tiles"
    with believed_fingerprint(repository.path / CACHE, by=1):
        repository.run(add)
        believed = fingerprint(repository)
    repository.run(add)
    assert believed == fingerprint(repository) + 1

    shutil.rmtree(repository.path / ".groundwork")
    assert "as before" not in repository.run("dvc repro --force ingest")
    assert repository.digests("data/raw") == found


@contextmanager
def believed_fingerprint(cache: Path, by: int) -> Iterator[None]:
    """The cache of ingest with another fingerprint of its first part, while the block runs."""
    [path] = (cache / "ingest-tiles").iterdir()
    key, content = path.stem.split("-")[0], path.read_bytes()
    table = read_cache("ingest-tiles", key, cache)
    rows = table.to_pylist()
    part = KnownPart(*json.loads(rows[0]["part"]))
    rows[0]["part"] = json.dumps(part._replace(fingerprint=part.fingerprint + by))
    write_cache("ingest-tiles", key, pa.Table.from_pylist(rows, table.schema), cache=cache)
    yield
    for changed in (cache / "ingest-tiles").iterdir():
        changed.unlink()
    path.write_bytes(content)


def fingerprint(repository: Repository) -> int:
    return int(read_yaml(repository.path / "data/catalog/tiles.yaml")["fingerprint"], 16)


def sizes_of(folder: Path) -> dict[Path, int]:
    return {path: path.stat().st_size for path in folder.rglob("*") if path.is_file()}
