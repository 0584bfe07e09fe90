"""Makes shards of clean examples: the plan of shards, and the work on each run of examples.

The work on a run is a pure function of its job, so any number of workers, here or on other
machines, makes the same bytes.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.augment.reuse import EarlierShards, KnownRun, SameShards, complete
from pipeline.augment.versions import Version, with_brought
from pipeline.dataset.arrays import Keys
from pipeline.dataset.parts import MOST, cut_draws, part_ends
from pipeline.dataset.randomness import id_keys, repeat_keys
from pipeline.dataset.shards.files import PROVENANCE, write_shard
from pipeline.dataset.table import SPLITS, link_or_copy
from pipeline.modalities.opening import modality_interface, open_encode, open_fit
from pipeline.modalities.protocols.encode import Inputs, Preparation
from pipeline.modalities.protocols.fit import Sums
from pipeline.targets.opening import open_labels
from pipeline.targets.protocols.labels import TargetIndex, Times

DRAW = "draw"  # an added column; see dataset/parts.py


@dataclass(frozen=True)
class Sharding:
    """Settings that all shards share."""

    folder: Path
    modality: str
    target: str
    index: TargetIndex
    """The labels that may occur."""
    preparation: Preparation
    """Encodes the examples."""
    copies: int
    """Copies of each training example; val and test have only the original."""
    rows_per_shard: int
    """Usual number of rows; see dataset/parts.py."""
    settings: Any
    """Settings that the modality adds to the section `augment`."""
    seed: int


class ShardPlan(NamedTuple):
    """A shard to make: the rows `start` to `stop` of a copy of a job's examples."""

    number: int
    copy: int
    start: int
    stop: int
    known: list[KnownRun]
    """Inputs that an earlier run made, and their places."""


class ShardJob(NamedTuple):
    """A run of examples of one split, and the shards to make from it."""

    key: str
    """A digest of all that determines its shards, except the plan."""
    same: SameShards | None
    """Shards that an earlier run made from the same examples."""

    plan: Sharding
    split: str
    parts: list[ShardPlan]
    """A shard for each copy; several where a balanced copy has the examples many times."""
    ids: list[str]
    contents: dict[str, list[Any]]
    """Values of the examples, by the columns CONTENT."""
    y: NDArray
    weights: NDArray[np.float32]
    provenance: pa.Table
    times: NDArray[np.int64]
    """Number of times each example is in each copy; each time it is augmented differently."""
    brought: list[Sequence[Version]]
    """Versions of each example that people brought; an empty list if no example has any."""


class MadeShards(NamedTuple):
    key: str
    """The key of the job."""
    split: str
    files: list[dict[str, Any]]
    """Entries of index.json: name, split, copy, rows, sha256."""
    sums: Sums
    """Sums over the originals."""
    num_known: int
    """Number of originals that an earlier run had made."""
    is_same: bool
    """Whether all of these shards come from an earlier run."""


def makers(modality: str) -> list[str]:
    """The modules whose code and libraries decide the bytes of shards."""
    parts = ("encode", "fit")
    return ["pipeline.augment.sharding", *(modality_interface(modality, part) for part in parts)]


def columns_read(modality: str, target: str) -> list[str]:
    """Columns of data/clean from which shards are made."""
    content, label = open_encode(modality).CONTENT, open_labels(target).COLUMN
    return ["id", *content, "sha256", label, "split", "weight", *PROVENANCE]


def make_jobs(
    plan: Sharding,
    tables: Iterable[pa.Table],
    balance: Times,
    earlier: EarlierShards | None = None,
    brought: Mapping[str, Sequence[Version]] | None = None,
) -> Iterator[ShardJob]:
    """A job for each run of examples of a split, in the order of the tables.

    A run has about `rows_per_shard`: its end depends on ids (dataset/parts.py). `tables` have the
    columns that `columns_read` names; `balance` is that of their training examples; `earlier` are
    shards made in the same way, whose unchanged examples are reused; `brought` are versions by id.
    """
    usual = plan.rows_per_shard
    next_number = dict.fromkeys(SPLITS, 0)
    waiting: dict[str, list[pa.Table]] = {split: [] for split in SPLITS}

    def runs(split: str, *, is_all: bool) -> Iterator[ShardJob]:
        rows = pa.concat_tables(waiting[split]) if waiting[split] else None
        while rows is not None and rows.num_rows > (0 if is_all else MOST * usual):
            ones = np.ones(rows.num_rows, np.int64)
            end = next(part_ends(rows[DRAW].to_numpy(), ones, usual))
            yield _job(
                plan, split, next_number, rows.slice(0, end), balance, earlier, brought or {}
            )
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
    balance: Times,
    earlier: EarlierShards | None,
    brought: Mapping[str, Sequence[Version]],
) -> ShardJob:
    """Make the next job of a split; `next_number` is advanced."""
    labels, ids = open_labels(plan.target), rows["id"].to_pylist()
    y = labels.encode(rows[labels.COLUMN], plan.index)
    times = np.ones((1, len(y)), np.int64)
    if split == "train":
        times = balance(y, plan.copies)
    parts = _parts(times, plan.rows_per_shard, next_number[split])
    next_number[split] += len(parts)
    key = _key(split, parts, rows, y, times)
    same = earlier.same(key) if earlier is not None else None
    if earlier is not None and same is None:
        numbers = earlier.unchanged(ids, rows["sha256"].to_pylist())
        parts = [part._replace(known=_known(part, times, numbers, earlier)) for part in parts]
    content = open_encode(plan.modality).CONTENT
    has_versions = brought and split == "train" and same is None
    return ShardJob(
        key=key,
        same=same,
        plan=plan,
        split=split,
        parts=parts,
        ids=ids,
        contents={name: rows[name].to_pylist() for name in content} if same is None else {},
        y=y,
        weights=rows["weight"].to_numpy().astype(np.float32),
        provenance=rows.select(PROVENANCE),
        times=times,
        brought=[brought.get(id, ()) for id in ids] if has_versions else [],
    )


def _key(
    split: str, parts: list[ShardPlan], rows: pa.Table, y: NDArray, times: NDArray[np.int64]
) -> str:
    columns = ["id", "sha256", "weight", *PROVENANCE]
    places = [(part.copy, part.start, part.stop) for part in parts]
    what = (split, places, *(rows[name].to_pylist() for name in columns), y.tolist())
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
) -> list[KnownRun]:
    rows, repeats = _rows_of(part, times)
    return earlier.find(part.copy, numbers[rows], repeats)


def _rows_of(
    part: ShardPlan, times: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Number each row of a shard: that of its example in the job, and that of its repeat."""
    here = times[part.copy]
    rows = np.repeat(np.arange(len(here)), here)
    repeats = np.arange(len(rows)) - np.repeat(np.cumsum(here) - here, here)
    return rows[part.start : part.stop], repeats[part.start : part.stop]


def make_shards(job: ShardJob) -> MadeShards:
    """Encode and vary a run of examples, and write its shards."""
    if job.same is not None:
        return _bring(job, job.same)
    keys = id_keys(job.ids)
    files = []
    originals = None
    for part in job.parts:
        rows, _ = _rows_of(part, job.times)
        inputs = _inputs_of(part, job, keys, originals)
        if originals is None:
            assert part.copy == 0, "a job begins with its originals, of which all else is made"
            originals = inputs
        name = _name_of(job, part)
        digest = write_shard(
            job.plan.folder / name,
            inputs,
            job.y[rows],
            job.weights[rows],
            [job.ids[row] for row in rows],
            part.copy,
            job.provenance.take(rows),
        )
        file = {"name": name, "split": job.split, "copy": part.copy}
        files.append(file | {"rows": len(rows), "sha256": digest})
    assert originals is not None
    num_known = sum(run.stop - run.start for run in job.parts[0].known)
    sums = open_fit(job.plan.modality).sums(originals)
    return MadeShards(job.key, job.split, files, sums, num_known, is_same=False)


def _bring(job: ShardJob, same: SameShards) -> MadeShards:
    """Give the shards of an earlier run their names in this one."""
    names = [_name_of(job, part) for part in job.parts]
    for name, file in zip(names, same.files, strict=True):
        link_or_copy(same.folder / file["name"], job.plan.folder / name)
    files = [file | {"name": name} for name, file in zip(names, same.files, strict=True)]
    num_known = len(job.ids)
    return MadeShards(job.key, job.split, files, same.sums, num_known, is_same=True)


def _name_of(job: ShardJob, part: ShardPlan) -> str:
    return f"{job.split}-{part.number:05d}.parquet"


def _inputs_of(part: ShardPlan, job: ShardJob, keys: Keys, originals: Inputs | None) -> Inputs:
    """Inputs of a shard: those that an earlier run made are read, the others are made.

    `keys` and `originals` are those of the job; None for a shard of the originals themselves.
    """
    plan, encoding = job.plan, open_encode(job.plan.modality)
    rows, repeats = _rows_of(part, job.times)

    def make(needed: NDArray[np.int64]) -> Inputs:
        chosen = rows[needed]
        if originals is None:
            contents = {name: [c[row] for row in chosen] for name, c in job.contents.items()}
            return encoding.encode(contents, plan.preparation)
        varied = encoding.vary(
            {name: values[chosen] for name, values in originals.items()},
            repeat_keys(keys[chosen], repeats[needed]),
            part.copy,
            plan.settings,
            plan.seed,
        )
        versions = [job.brought[row] for row in chosen] if job.brought else []
        turns = part.copy - 1 + repeats[needed]
        return with_brought(varied, versions, turns, encoding, plan.preparation)

    return complete(part.known, encoding.columns(plan.preparation), len(rows), make)
