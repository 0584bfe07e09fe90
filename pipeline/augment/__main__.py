"""Augment: decode, resize and augment into Parquet shards.

reads   data/clean/
writes  data/shards/
params  seed, augment
"""

from typing import Any

import numpy as np
import pyarrow.compute as pc

from pipeline.augment.balance import Balance, make_balance
from pipeline.augment.engines import make_on
from pipeline.augment.params import AugmentParams, augment_params
from pipeline.augment.reuse import EarlierShards, keep_shards, read_earlier
from pipeline.augment.sharding import Sharding, make_jobs
from pipeline.dataset.places import CLEAN, SHARDS
from pipeline.dataset.shards import PROVENANCE
from pipeline.dataset.table import read_folder, read_index, read_tables, write_index
from pipeline.modalities.images.encode.transforms.augment import augment
from pipeline.modalities.images.prepare.measurements import ChannelSums
from pipeline.runtime.cache import key_of
from pipeline.runtime.errors import MissingInput
from pipeline.runtime.stage import Stage, run_stage


def main(stage: Stage[AugmentParams]) -> None:
    params = stage.params
    index = read_index(CLEAN)
    shape = (*index["image_size"], index["channels"])
    folder = stage.output(str(SHARDS))
    folder.mkdir()
    plan = Sharding(
        folder=folder,
        shape=shape,
        classes=index["classes"],
        copies=params.augment.copies,
        rows_per_shard=max(1, int(params.augment.shard_mb * 1e6 // np.prod(shape))),
        resize=params.augment.resize,
        transforms=params.augment.transforms,
        seed=params.seed,
    )
    # A transform that does not fit such images is found here, before the work.
    one = np.zeros((1, *shape), np.uint8)
    augment(one, np.zeros(1, np.uint64), 1, transforms=plan.transforms, seed=plan.seed)
    balance = balance_of(plan.classes, params.augment.balance)
    # All that the pixels of an example's copy depend on, but for the example.
    how = (plan.shape, plan.resize, list(plan.transforms), plan.seed)
    key = key_of("pipeline.augment.sharding", how=how)
    columns = ["id", "image", "sha256", "label", "split", "weight", *PROVENANCE]
    engine = params.augment.engine
    # What is on this machine's disk, the nodes of a cluster do not see.
    earlier = read_last(stage, key) if engine == "local" else None
    jobs = make_jobs(plan, read_tables(CLEAN, columns), balance, earlier)
    files = []
    runs = {}
    num_known = num_same = 0
    sums = ChannelSums.none(shape[2])
    with stage.progress_bar(index["examples"], "image") as bar:
        for made in make_on(engine, jobs, folder):
            files += made.files
            runs[made.key] = [file["name"] for file in made.files], made.sums
            num_known += made.num_known
            num_same += len(made.files) if made.is_same else 0
            if made.split == "train":
                sums = sums.plus(made.sums)
            bar.update(made.files[0]["rows"])
    mean, std = sums.mean_std()
    write_index(
        folder,
        sorted(files, key=by_number),
        **{key: index[key] for key in ("dataset", "license", "classes")},
        shape=shape,
        resize=plan.resize,
        copies=plan.copies,
        mean=[round(value, 6) for value in mean],
        std=[round(value, 6) for value in std],
    )
    try:
        keep_shards(folder, key, read_folder(CLEAN, ["id", "sha256"]), runs, current=SHARDS)
    except OSError as error:
        stage.say(f"the next run will make all shards again: the cache cannot be written ({error})")
    megabytes = sum((folder / file["name"]).stat().st_size for file in files) / 1e6
    known = f", {num_known} of {index['examples']} images as before" if num_known else ""
    same = f", {num_same} of them as before" if num_same else ""
    stage.say(
        f"{len(files)} shards{same}, {megabytes:.1f} MB, {plan.copies} copies of train{known}"
    )


def by_number(file: dict[str, Any]) -> tuple[str, int, str]:
    """Shards of a split in the order of their numbers, which from 100,000 on have more digits."""
    return file["split"], len(file["name"]), file["name"]


def read_last(stage: Stage[AugmentParams], key: str) -> EarlierShards | None:
    try:
        return read_earlier(SHARDS, key)
    except MissingInput as error:
        stage.say(f"all shards are made again, since {error.what}")
        return None


def balance_of(classes: list[str], policy: str) -> Balance:
    table = read_folder(CLEAN, ["label", "split"])
    names = table.filter(pc.equal(table["split"], "train"))["label"].to_pylist()
    codes = {name: code for code, name in enumerate(classes)}
    return make_balance([codes[name] for name in names], len(classes), policy)


if __name__ == "__main__":
    run_stage("augment", main, augment_params)
