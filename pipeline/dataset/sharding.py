"""From clean examples to shards: which examples go where, and the work on each run of them.

The work on a run is a pure function of its task, so any number of workers, here or on other
machines, makes the same bytes.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.dataset.balance import Balance
from pipeline.dataset.measurements import ChannelSums
from pipeline.dataset.pixels import decode_all
from pipeline.dataset.randomness import id_keys, repeat_keys
from pipeline.dataset.shards import PROVENANCE, write_shard
from pipeline.dataset.transforms import augment

SPLITS = ["train", "val", "test"]


@dataclass(frozen=True)
class Plan:
    """What is the same for all shards."""

    folder: Path
    shape: tuple[int, int, int]
    """Height, width and channels of an image."""
    classes: list[str]
    copies: int
    """Of each training example; val and test have the original only."""
    rows_per_shard: int
    resize: str
    transforms: Sequence[Any]
    seed: int


class Part(NamedTuple):
    """A shard to be made: the rows `start` to `stop` of a copy of a task's examples."""

    number: int
    copy: int
    start: int
    stop: int


class Task(NamedTuple):
    """A run of examples of one split, and the shards to make of it."""

    plan: Plan
    split: str
    parts: list[Part]
    """A shard for each copy; several where a balanced copy has the examples many times."""
    ids: list[str]
    encoded: list[bytes]
    labels: NDArray[np.int32]
    weights: NDArray[np.float32]
    provenance: pa.Table
    times: NDArray[np.int64]
    """How often each example stands in each copy; each time it is augmented differently."""


class Made(NamedTuple):
    split: str
    files: list[dict[str, Any]]
    """What index.json says of each: name, split, copy, rows, sha256."""
    sums: ChannelSums
    """Of the originals."""


def make_tasks(plan: Plan, tables: Iterable[pa.Table], balance: Balance) -> Iterator[Task]:
    """A task for each run of `rows_per_shard` examples of a split, in the order of the tables.

    `tables` have the columns id, image, label, split, weight and PROVENANCE; `balance` is that of
    their training examples.
    """
    next_number = dict.fromkeys(SPLITS, 0)
    seen = np.zeros(len(plan.classes), np.int64)
    waiting: dict[str, list[pa.Table]] = {split: [] for split in SPLITS}
    for table in tables:
        for split in SPLITS:
            waiting[split].append(table.filter(pc.equal(table["split"], split)))
            rows = pa.concat_tables(waiting[split])
            whole = rows.num_rows - rows.num_rows % plan.rows_per_shard
            for start in range(0, whole, plan.rows_per_shard):
                run = rows.slice(start, plan.rows_per_shard)
                yield _task(plan, split, next_number, run, balance, seen)
            waiting[split] = [rows.slice(whole)]
    for split in SPLITS:
        rest = pa.concat_tables(waiting[split]) if waiting[split] else None
        if rest is not None and rest.num_rows:
            yield _task(plan, split, next_number, rest, balance, seen)


def _task(
    plan: Plan,
    split: str,
    next_number: dict[str, int],
    rows: pa.Table,
    balance: Balance,
    seen: NDArray[np.int64],
) -> Task:
    """The next task of a split; `next_number` and `seen`, examples by class, are counted on."""
    codes = {name: code for code, name in enumerate(plan.classes)}
    labels = np.array([codes[name] for name in rows["label"].to_pylist()], np.int32)
    times = np.ones((1, len(labels)), np.int64)
    if split == "train":
        times = balance.times(labels, _ranks(labels, seen), plan.copies)
        seen += np.bincount(labels, minlength=len(seen))
    parts = _parts(times, plan.rows_per_shard, next_number[split])
    next_number[split] += len(parts)
    return Task(
        plan=plan,
        split=split,
        parts=parts,
        ids=rows["id"].to_pylist(),
        encoded=rows["image"].to_pylist(),
        labels=labels,
        weights=rows["weight"].to_numpy().astype(np.float32),
        provenance=rows.select(PROVENANCE),
        times=times,
    )


def _parts(times: NDArray[np.int64], rows_per_shard: int, first_number: int) -> list[Part]:
    parts: list[Part] = []
    for copy, num_rows in enumerate(times.sum(1).tolist()):
        num = max(1, round(num_rows / rows_per_shard)) if num_rows else 0
        for i in range(num):
            start, stop = num_rows * i // num, num_rows * (i + 1) // num
            parts.append(Part(first_number + len(parts), copy, start, stop))
    return parts


def _ranks(labels: NDArray[np.int32], seen: NDArray[np.int64]) -> NDArray[np.int64]:
    """The number of each example among those of its class, of which `seen` came before."""
    ranks = np.empty(len(labels), np.int64)
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        ranks[rows] = seen[label] + np.arange(len(rows))
    return ranks


def make_shards(task: Task) -> Made:
    """Decode, resize and augment a run of examples, and write its shards."""
    plan = task.plan
    originals = decode_all(task.encoded, plan.shape, plan.resize)
    keys = id_keys(task.ids)
    files = []
    for number, copy, start, stop in task.parts:
        times = task.times[copy]
        rows = np.repeat(np.arange(len(times)), times)
        repeats = (np.arange(len(rows)) - np.repeat(np.cumsum(times) - times, times))[start:stop]
        rows = rows[start:stop]
        images = augment(
            originals[rows],
            repeat_keys(keys[rows], repeats),
            copy,
            transforms=plan.transforms,
            seed=plan.seed,
        )
        name = f"{task.split}-{number:05d}.parquet"
        digest = write_shard(
            plan.folder / name,
            images,
            task.labels[rows],
            task.weights[rows],
            [task.ids[row] for row in rows],
            copy,
            task.provenance.take(rows),
        )
        files.append(
            {
                "name": name,
                "split": task.split,
                "copy": copy,
                "rows": len(images),
                "sha256": digest,
            }
        )
    return Made(task.split, files, ChannelSums.of(originals))
