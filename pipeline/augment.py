"""Augment: decode, resize and augment into fixed-size Parquet shards.

reads   data/clean/
writes  data/shards/, reports/augmented.png
params  seed, augment
"""

from pathlib import Path

import numpy as np

from pipeline.dataset.measurements import ChannelSums
from pipeline.dataset.records import read_index, read_tables, write_index
from pipeline.dataset.sharding import Plan, make_shards, make_tasks
from pipeline.dataset.shards import PROVENANCE, ShardReader
from pipeline.runtime.process import map_ordered
from pipeline.runtime.stage import Stage, run_stage

CLEAN = Path("data/clean")
NUM_PICTURED, MAX_COPIES_PICTURED = 8, 10


def main(stage: Stage) -> None:
    params = stage.params
    index = read_index(CLEAN)
    shape = (*index["image_size"], index["channels"])
    folder = stage.output("data/shards")
    folder.mkdir()
    plan = Plan(
        folder=folder,
        shape=shape,
        classes=index["classes"],
        copies=params.augment.copies,
        rows_per_shard=max(1, int(params.augment.shard_mb * 1e6 // np.prod(shape))),
        resize=params.augment.resize,
        transforms=params.augment.transforms,
        seed=params.seed,
    )
    tables = read_tables(CLEAN, ["id", "image", "label", "split", "weight", *PROVENANCE])
    files = []
    sums = ChannelSums.none(shape[2])
    with stage.progress_bar(index["examples"], "image") as bar:
        for made in map_ordered(make_shards, make_tasks(plan, tables), min_tasks=4):
            files += made.files
            if made.split == "train":
                sums = sums.plus(made.sums)
            bar.update(made.files[0]["rows"])
    mean, std = sums.mean_std()
    write_index(
        folder,
        sorted(files, key=lambda file: str(file["name"])),
        **{key: index[key] for key in ("dataset", "license", "classes")},
        shape=shape,
        copies=plan.copies,
        mean=[round(value, 6) for value in mean],
        std=[round(value, 6) for value in std],
    )
    picture(stage, ShardReader(folder))
    megabytes = sum((folder / file["name"]).stat().st_size for file in files) / 1e6
    stage.say(f"{len(files)} shards, {megabytes:.1f} MB, {plan.copies} copies of train")


def picture(stage: Stage, reader: ShardReader) -> None:
    """A column for each of some training examples, the original on top, its copies below."""
    # Here, since worker processes import this file too and draw nothing.
    from pipeline.learning.figures import image_grid

    images, captions = [], []
    for copy in range(min(reader.copies, MAX_COPIES_PICTURED)):
        shard = reader.read_first("train", copy)
        some = np.linspace(0, len(shard.ids) - 1, NUM_PICTURED).astype(int)
        images += [shard.images[row] for row in some]
        name = "original" if copy == 0 else f"copy {copy}"
        captions += [f"{reader.classes[shard.labels[row]]}\n{name}" for row in some]
    image_grid(
        images,
        captions,
        stage.output("reports/augmented.png"),
        columns=NUM_PICTURED,
        title="training examples as the shards have them",
    )


if __name__ == "__main__":
    run_stage("augment", main)
