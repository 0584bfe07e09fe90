"""From clean examples to shards: which examples go where, and the work on each run of them.

The work on a run is a pure function of its job, so any number of workers, here or on other
machines, makes the same bytes.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.augment.balance import Balance
from pipeline.augment.reuse import EarlierShards, PixelRun, SameShards, complete
from pipeline.dataset.parts import MOST, cut_draws, part_ends
from pipeline.dataset.randomness import id_keys, repeat_keys
from pipeline.dataset.shards import PROVENANCE, write_shard
from pipeline.dataset.table import link_or_copy
from pipeline.modalities.images.encode.pixels import decode_all
from pipeline.modalities.images.encode.transforms.augment import augment
from pipeline.modalities.images.prepare.measurements import ChannelSums

SPLITS = ["train", "val", "test"]
DRAW = "draw"  # a column that is added; see dataset/parts.py


@dataclass(frozen=True)
class Sharding:
    """What is the same for all shards."""

    folder: Path
    shape: tuple[int, int, int]
    """Height, width and channels of an image."""
    classes: list[str]
    copies: int
    """Of each training example; val and test have the original only."""
    rows_per_shard: int
    """The usual number; see dataset/parts.py."""
    resize: str
    transforms: Sequence[Any]
    seed: int


class ShardPlan(NamedTuple):
    """A shard to be made: the rows `start` to `stop` of a copy of a job's examples."""

    number: int
    copy: int
    start: int
    stop: int
    known: list[PixelRun]
    """Which of its pixels an earlier run has made, and where they are."""


class ShardJob(NamedTuple):
    """A run of examples of one split, and the shards to make of it."""

    key: str
    """A digest of all that its shards are made of, but for the plan."""
    same: SameShards | None
    """The shards that an earlier run made of the same."""

    plan: Sharding
    split: str
    parts: list[ShardPlan]
    """A shard for each copy; several where a balanced copy has the examples many times."""
    ids: list[str]
    encoded: list[bytes]
    labels: NDArray[np.int32]
    weights: NDArray[np.float32]
    provenance: pa.Table
    times: NDArray[np.int64]
    """How often each example stands in each copy; each time it is augmented differently."""


class MadeShards(NamedTuple):
    key: str
    """That of the job."""
    split: str
    files: list[dict[str, Any]]
    """What index.json says of each: name, split, copy, rows, sha256."""
    sums: ChannelSums
    """Of the originals."""
    num_known: int
    """Originals that an earlier run had made."""
    is_same: bool
    """Whether all of these shards are those of an earlier run."""


def make_jobs(
    plan: Sharding,
    tables: Iterable[pa.Table],
    balance: Balance,
    earlier: EarlierShards | None = None,
) -> Iterator[ShardJob]:
    """A job for each run of examples of a split, in the order of the tables.

    A run has about `rows_per_shard`: its end depends on ids (dataset/parts.py). `tables` have the
    columns id, image, sha256, label, split, weight and PROVENANCE; `balance` is that of their
    training examples; `earlier` are shards made in the same way, so that what has not changed need
    not be made again.
    """
    usual = plan.rows_per_shard
    next_number = dict.fromkeys(SPLITS, 0)
    seen = np.zeros(len(plan.classes), np.int64)
    waiting: dict[str, list[pa.Table]] = {split: [] for split in SPLITS}

    def runs(split: str, *, is_all: bool) -> Iterator[ShardJob]:
        rows = pa.concat_tables(waiting[split]) if waiting[split] else None
        while rows is not None and rows.num_rows > (0 if is_all else MOST * usual):
            ones = np.ones(rows.num_rows, np.int64)
            end = next(part_ends(rows[DRAW].to_numpy(), ones, usual))
            yield _job(plan, split, next_number, rows.slice(0, end), balance, seen, earlier)
            rows = rows.slice(end)
        waiting[split] = [] if rows is None else [rows]

    for table in tables:
        table = table.append_column(DRAW, pa.array(cut_draws(table["id"].to_pylist())))
        for split in SPLITS:
            waiting[split].append(table.filter(pc.equal(table["split"], split)))
            yield from runs(split, is_all=False)
    for split in SPLITS:
        yield from runs(split, is_all=True)


def _job(
    plan: Sharding,
    split: str,
    next_number: dict[str, int],
    rows: pa.Table,
    balance: Balance,
    seen: NDArray[np.int64],
    earlier: EarlierShards | None,
) -> ShardJob:
    """The next job of a split; `next_number` and `seen`, examples by class, are counted on."""
    codes = {name: code for code, name in enumerate(plan.classes)}
    labels = np.array([codes[name] for name in rows["label"].to_pylist()], np.int32)
    times = np.ones((1, len(labels)), np.int64)
    if split == "train":
        times = balance.times(labels, _ranks(labels, seen), plan.copies)
        seen += np.bincount(labels, minlength=len(seen))
    parts = _parts(times, plan.rows_per_shard, next_number[split])
    next_number[split] += len(parts)
    key = _key(split, parts, rows, labels, times)
    same = earlier.same(key) if earlier is not None else None
    if earlier is not None and same is None:
        numbers = earlier.unchanged(rows["id"].to_pylist(), rows["sha256"].to_pylist())
        parts = [part._replace(known=_known(part, times, numbers, earlier)) for part in parts]
    return ShardJob(
        key=key,
        same=same,
        plan=plan,
        split=split,
        parts=parts,
        ids=rows["id"].to_pylist(),
        encoded=[] if same else rows["image"].to_pylist(),
        labels=labels,
        weights=rows["weight"].to_numpy().astype(np.float32),
        provenance=rows.select(PROVENANCE),
        times=times,
    )


def _key(
    split: str, parts: list[ShardPlan], rows: pa.Table, labels: NDArray[np.int32], times: Any
) -> str:
    columns = ["id", "sha256", "weight", *PROVENANCE]
    places = [(part.copy, part.start, part.stop) for part in parts]
    what = (split, places, *(rows[name].to_pylist() for name in columns), labels.tolist())
    return hashlib.sha256(repr(what).encode() + times.tobytes()).hexdigest()


def _parts(times: NDArray[np.int64], rows_per_shard: int, first_number: int) -> list[ShardPlan]:
    parts: list[ShardPlan] = []
    for copy, num_rows in enumerate(times.sum(1).tolist()):
        num = max(1, round(num_rows / rows_per_shard)) if num_rows else 0
        for i in range(num):
            start, stop = num_rows * i // num, num_rows * (i + 1) // num
            parts.append(ShardPlan(first_number + len(parts), copy, start, stop, []))
    return parts


def _known(
    part: ShardPlan, times: NDArray[np.int64], numbers: NDArray[np.int64], earlier: EarlierShards
) -> list[PixelRun]:
    rows, repeats = _rows_of(part, times)
    return earlier.find(part.copy, numbers[rows], repeats)


def _rows_of(
    part: ShardPlan, times: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Which examples of a job the rows of a shard are, and how often each was there before."""
    here = times[part.copy]
    rows = np.repeat(np.arange(len(here)), here)
    repeats = np.arange(len(rows)) - np.repeat(np.cumsum(here) - here, here)
    return rows[part.start : part.stop], repeats[part.start : part.stop]


def _ranks(labels: NDArray[np.int32], seen: NDArray[np.int64]) -> NDArray[np.int64]:
    """The number of each example among those of its class, of which `seen` came before."""
    ranks = np.empty(len(labels), np.int64)
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        ranks[rows] = seen[label] + np.arange(len(rows))
    return ranks


def make_shards(job: ShardJob) -> MadeShards:
    """Decode, resize and augment a run of examples, and write its shards."""
    if job.same is not None:
        return _bring(job, job.same)
    keys = id_keys(job.ids)
    files = []
    originals = None
    for part in job.parts:
        rows, _ = _rows_of(part, job.times)
        images = _images_of(part, job, keys, originals)
        if originals is None:
            assert part.copy == 0, "a job begins with its originals, of which all else is made"
            originals = images
        name = _name_of(job, part)
        digest = write_shard(
            job.plan.folder / name,
            images,
            job.labels[rows],
            job.weights[rows],
            [job.ids[row] for row in rows],
            part.copy,
            job.provenance.take(rows),
        )
        files.append(
            {
                "name": name,
                "split": job.split,
                "copy": part.copy,
                "rows": len(images),
                "sha256": digest,
            }
        )
    assert originals is not None
    num_known = sum(run.stop - run.start for run in job.parts[0].known)
    return MadeShards(
        job.key, job.split, files, ChannelSums.of(originals), num_known, is_same=False
    )


def _bring(job: ShardJob, same: SameShards) -> MadeShards:
    """Give the shards of an earlier run the names that they have in this one."""
    names = [_name_of(job, part) for part in job.parts]
    for name, file in zip(names, same.files, strict=True):
        link_or_copy(same.folder / file["name"], job.plan.folder / name)
    files = [file | {"name": name} for name, file in zip(names, same.files, strict=True)]
    num_known = len(job.ids)
    return MadeShards(job.key, job.split, files, same.sums, num_known, is_same=True)


def _name_of(job: ShardJob, part: ShardPlan) -> str:
    return f"{job.split}-{part.number:05d}.parquet"


def _images_of(
    part: ShardPlan, job: ShardJob, keys: NDArray[np.uint64], originals: NDArray[np.uint8] | None
) -> NDArray[np.uint8]:
    """Pixels of a shard: what an earlier run has made is read, the rest is made.

    `keys` and `originals` are those of the job; for the originals themselves there are none.
    """
    plan = job.plan
    rows, repeats = _rows_of(part, job.times)

    def make(wanted: NDArray[np.int64]) -> NDArray[np.uint8]:
        chosen = rows[wanted]
        if originals is None:
            return decode_all([job.encoded[row] for row in chosen], plan.shape, plan.resize)
        return augment(
            originals[chosen],
            repeat_keys(keys[chosen], repeats[wanted]),
            part.copy,
            transforms=plan.transforms,
            seed=plan.seed,
        )

    return complete(part.known, (len(rows), *plan.shape), make)
