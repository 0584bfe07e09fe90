"""Augment: encode examples and versions of them into Parquet shards.

reads   data/clean/, data/paraphrases/<dataset>.csv (texts that people bring as copies of others)
writes  data/shards/
params  modality, target, seed, augment
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.augment.engines import make_on
from pipeline.augment.params import AugmentParams, augment_params
from pipeline.augment.reuse import EarlierShards, keep_shards, read_earlier
from pipeline.augment.sharding import (
    MadeShards,
    Sharding,
    columns_read,
    make_jobs,
    makers,
)
from pipeline.augment.space import check_space, rows_per_shard
from pipeline.augment.versions import read_brought
from pipeline.dataset.places import CLEAN, SHARDS
from pipeline.dataset.shards.files import ShardRows, columns_of
from pipeline.dataset.table import read_folder, read_index, read_tables, write_index
from pipeline.modalities.opening import modality_fields, open_encode, open_fit
from pipeline.modalities.protocols.encode import Inputs
from pipeline.modalities.protocols.fit import Sums
from pipeline.runtime.cache import key_of
from pipeline.runtime.errors import MissingInput
from pipeline.runtime.settings import fields_of
from pipeline.runtime.stage import Stage, run_stage
from pipeline.targets.opening import open_labels


def main(stage: Stage[AugmentParams]) -> None:
    labels, fitting = open_labels(stage.params.target), open_fit(stage.params.modality)
    index, values = read_index(CLEAN), training_values(labels.COLUMN)
    plan, blank = make_plan(stage, index, values)
    brought = read_brought(open_encode(plan.modality), index["dataset"], plan.copies)
    if brought.remark:
        stage.say(brought.remark)
    # All that the inputs of an example's copy depend on, except the example.
    how = (plan.preparation, plan.settings, plan.seed, *filter(None, [brought.digest]))
    key = key_of(*makers(plan.modality), how=how)
    engine = stage.params.augment.engine
    # The nodes of a cluster cannot read this machine's disk.
    earlier = read_last(stage, key) if engine == "local" else None
    balance = labels.balance(values, plan.index, stage.params.augment)
    tables = read_tables(CLEAN, columns_read(plan.modality, plan.target))
    jobs = make_jobs(plan, tables, balance, earlier, brought.versions)
    made = ShardCollection(fitting.sums({name: column[:0] for name, column in blank.items()}))
    with stage.progress_bar(index["examples"], "example") as bar:
        for shards in make_on(engine, jobs, plan.folder, plan.modality):
            made.add(shards)
            bar.update(shards.files[0]["rows"])
    y = labels.encode(values.slice(0, 0), plan.index)
    columns = columns_of(ShardRows(blank, y, np.zeros(0, np.float32)))
    write_index(
        plan.folder,
        sorted(made.files, key=by_number),
        dataset=index["dataset"],
        license=index["license"],
        modality=plan.modality,
        preparation=fitting.finish(plan.preparation, made.sums),
        target_kind=plan.target,
        target=plan.index,
        columns=[column._asdict() for column in columns],
        copies=plan.copies,
    )
    examples = read_folder(CLEAN, ["id", "sha256"])
    try:
        keep_shards(plan.folder, key, examples, made.runs, current=SHARDS)
    except OSError as error:
        stage.say(f"the next run will make all shards again: the cache cannot be written ({error})")
    stage.say(made.sentence(plan, index["examples"]))


def make_plan(
    stage: Stage[AugmentParams], index: Mapping[str, Any], values: pa.ChunkedArray
) -> tuple[Sharding, Inputs]:
    """How the shards are made, in a folder that is there; and a blank example as they have it.

    `values` are the labels of the training examples, `index` that of data/clean.

    Raises:
        GroundworkError: a transform does not fit these examples, or they do not fit on the disk.
    """
    params = stage.params
    encoding = open_encode(params.modality)
    settings = fields_of(
        modality_fields(params.modality, "encode", "AugmentFields"), params.augment
    )
    preparation = open_fit(params.modality).fit(
        index, lambda: training_tables(encoding.CONTENT), settings
    )
    # Finds a transform that does not fit these examples before the work starts.
    blank = {column.name: column.zeros(1) for column in encoding.columns(preparation)}
    encoding.vary(blank, np.zeros(1, np.uint64), 1, settings, params.seed)
    row_bytes = sum(column.num_bytes for column in encoding.columns(preparation))
    target = open_labels(params.target).fit(values, index["target"], params.augment)
    folder = stage.output(str(SHARDS))
    folder.mkdir()
    num_rows = index["examples"] + len(values) * (params.augment.copies - 1)
    check_space(stage, folder, num_rows, row_bytes, params.augment.copies)
    plan = Sharding(
        folder=folder,
        modality=params.modality,
        target=params.target,
        index=target,
        preparation=preparation,
        copies=params.augment.copies,
        rows_per_shard=rows_per_shard(params.augment.shard_mb, row_bytes),
        settings=settings,
        seed=params.seed,
    )
    return plan, blank


class ShardCollection:
    """The shards that were made so far."""

    def __init__(self, sums: Sums) -> None:
        self.files: list[dict[str, Any]] = []
        self.runs: dict[str, tuple[list[str], Sums]] = {}
        """Names of files, and sums, by the key of a job."""
        self.sums = sums
        """Over the training examples."""
        self.num_known = self.num_same = 0

    def add(self, shards: MadeShards) -> None:
        self.files += shards.files
        self.runs[shards.key] = [file["name"] for file in shards.files], shards.sums
        self.num_known += shards.num_known
        self.num_same += len(shards.files) if shards.is_same else 0
        if shards.split == "train":
            self.sums = added(self.sums, shards.sums)

    def sentence(self, plan: Sharding, num_examples: int) -> str:
        num_bytes = sum((plan.folder / file["name"]).stat().st_size for file in self.files)
        known = f", {self.num_known} of {num_examples} examples as before" if self.num_known else ""
        same = f", {self.num_same} of them as before" if self.num_same else ""
        copies = f"{plan.copies} {'copy' if plan.copies == 1 else 'copies'}"
        return f"{len(self.files)} shards{same}, {num_bytes / 1e6:.1f} MB, {copies} of train{known}"


def by_number(file: dict[str, Any]) -> tuple[str, int, str]:
    """Sort key of shards by number, which has more digits from 100,000 on."""
    return file["split"], len(file["name"]), file["name"]


def added(sums: Sums, more: Sums) -> Sums:
    return {name: [a + b for a, b in zip(sums[name], more[name], strict=True)] for name in sums}


def read_last(stage: Stage[AugmentParams], key: str) -> EarlierShards | None:
    try:
        return read_earlier(SHARDS, key)
    except MissingInput as error:
        stage.say(f"all shards are made again, since {error.what}")
        return None


def training_tables(columns: Iterable[str]) -> Iterator[pa.Table]:
    """These columns of the training examples, table by table."""
    names = list(columns)
    for table in read_tables(CLEAN, [*names, "split"]):
        yield table.filter(pc.equal(table["split"], "train")).select(names)


def training_values(column: str) -> pa.ChunkedArray:
    """A column of the training examples."""
    table = read_folder(CLEAN, [column, "split"])
    return table.filter(pc.equal(table["split"], "train"))[column]


if __name__ == "__main__":
    run_stage("augment", main, augment_params)
