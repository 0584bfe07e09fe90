"""Augment: decode, resize and augment into Parquet shards; describe what is in them.

reads   data/clean/, data/catalog/<dataset>.yaml, reports/ingest.json, reports/labels.json
writes  data/shards/, reports/augmented.png; reports/datacard.md and .png, reports/croissant.json
params  dataset, seed, augment
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.augment.balance import Balance, make_balance
from pipeline.augment.croissant import write_croissant
from pipeline.augment.datacard import COLUMNS, Facts, sheet_rows, write_card
from pipeline.augment.engines import make_on
from pipeline.augment.params import AugmentParams
from pipeline.augment.reuse import Earlier, find_earlier, note_recipe
from pipeline.augment.sharding import Plan, make_tasks
from pipeline.dataset.addresses import without_secrets
from pipeline.dataset.catalog import read_entry
from pipeline.dataset.shard_reader import ShardReader
from pipeline.dataset.shards import PROVENANCE
from pipeline.dataset.table import read_folder, read_index, read_tables, write_index
from pipeline.dataset.versions import libraries
from pipeline.modalities.images.encode.pixels import decode_all
from pipeline.modalities.images.encode.transforms.augment import augment
from pipeline.modalities.images.prepare.measurements import ChannelSums
from pipeline.runtime.errors import MissingInput
from pipeline.runtime.stage import Stage, run_stage, write_json

CLEAN, SHARDS = Path("data/clean"), Path("data/shards")
NUM_PICTURED, MAX_COPIES_PICTURED = 8, 5
SHEET_SIDE = 96  # pixels of an image in the contact sheet


def main(stage: Stage[AugmentParams]) -> None:
    params = stage.params
    index = read_index(CLEAN)
    shape = (*index["image_size"], index["channels"])
    folder = stage.output(str(SHARDS))
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
    # A transform that does not fit such images is found here, before the work.
    one = np.zeros((1, *shape), np.uint8)
    augment(one, np.zeros(1, np.uint64), 1, transforms=plan.transforms, seed=plan.seed)
    balance = balance_of(plan.classes, params.augment.balance)
    recipe = recipe_of(plan, stage)
    columns = ["id", "image", "sha256", "label", "split", "weight", *PROVENANCE]
    engine = params.augment.engine
    # What is on this machine's disk, the nodes of a cluster do not see.
    earlier = earlier_shards(stage, recipe) if engine == "local" else None
    tasks = make_tasks(plan, read_tables(CLEAN, columns), balance, earlier)
    files = []
    runs = {}
    num_known = num_same = 0
    sums = ChannelSums.none(shape[2])
    with stage.progress_bar(index["examples"], "image") as bar:
        for made in make_on(engine, tasks, folder):
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
    note_recipe(folder, recipe, read_folder(CLEAN, ["id", "sha256"]), runs, kept=SHARDS)
    picture(stage, ShardReader(folder))
    describe(stage, index)
    megabytes = sum((folder / file["name"]).stat().st_size for file in files) / 1e6
    known = f", {num_known} of {index['examples']} images as before" if num_known else ""
    same = f", {num_same} of them as before" if num_same else ""
    stage.say(
        f"{len(files)} shards{same}, {megabytes:.1f} MB, {plan.copies} copies of train{known}"
    )


def by_number(file: dict[str, Any]) -> tuple[str, int, str]:
    """Shards of a split in the order of their numbers, which from 100,000 on have more digits."""
    return file["split"], len(file["name"]), file["name"]


def recipe_of(plan: Plan, stage: Stage[AugmentParams]) -> str:
    """All that the pixels of an example's copy depend on, but for the example: also the code."""
    code = stage.inputs_digest(without=("data/", "reports/", "params.yaml"))
    how = (plan.shape, plan.resize, list(plan.transforms), plan.seed)
    return "\n".join([code, *libraries(), *map(repr, how)])


def earlier_shards(stage: Stage[AugmentParams], recipe: str) -> Earlier | None:
    try:
        return find_earlier(SHARDS, recipe)
    except MissingInput as error:
        stage.say(f"everything is made anew, since {error.what}")
        return None


def picture(stage: Stage[AugmentParams], reader: ShardReader) -> None:
    """A column for each of some training examples, the original on top, its copies below."""
    # Here, since worker processes import this file too and draw nothing.
    from pipeline.modalities.images.show.figures import image_grid

    blank = np.full(reader.shape, 255, np.uint8)
    shown: dict[str, str] = {}
    images, captions = [], []
    for copy in range(min(reader.copies, MAX_COPIES_PICTURED)):
        shard = reader.read_first("train", copy)
        if copy == 0:
            some = np.linspace(0, len(shard.ids) - 1, NUM_PICTURED).astype(int)
            shown = {shard.ids[row]: reader.classes[shard.labels[row]] for row in some}
        first_row = {id: row for row, id in reversed(list(enumerate(shard.ids)))}
        for id, label in shown.items():
            row = first_row.get(id)  # a balanced copy lacks some
            images.append(blank if row is None else shard.images[row])
            name = "original" if copy == 0 else f"copy {copy}"
            captions.append(f"{label}\n{name if row is not None else f'not in {name}'}")
    image_grid(
        images,
        captions,
        stage.output("reports/augmented.png"),
        columns=len(shown),
        title="training examples as the shards have them",
    )


def balance_of(classes: list[str], policy: str) -> Balance:
    table = read_folder(CLEAN, ["label", "split"])
    names = table.filter(pc.equal(table["split"], "train"))["label"].to_pylist()
    codes = {name: code for code, name in enumerate(classes)}
    return make_balance([codes[name] for name in names], len(classes), policy)


def describe(stage: Stage[AugmentParams], index: dict[str, Any]) -> None:
    """Write the dataset card, its contact sheet, and the metadata for machines."""
    from pipeline.modalities.images.show.figures import contact_sheet

    dataset = stage.params.dataset
    entry = read_entry(dataset)
    table = read_folder(CLEAN, COLUMNS)
    facts = Facts(
        dataset=dataset,
        entry=entry,
        uri=without_secrets(entry.uri),
        classes=index["classes"],
        table=table,
        reasons=pq.read_table(CLEAN / "removed.parquet", columns=["reason"])[0].to_pylist(),
        ingest=read_report("reports/ingest.json"),
        labels=read_report("reports/labels.json"),
    )
    stage.output("reports/datacard.md").write_text(write_card(facts), encoding="utf-8")
    write_json(
        stage.output("reports/croissant.json"),
        write_croissant(dataset, entry, index["classes"], index["files"]),
    )
    height, width = (min(side, SHEET_SIDE) for side in index["image_size"])
    shape = (height, width, index["channels"])
    rows = sheet_rows(table, index["classes"])
    wanted = {row for chosen in rows.values() for row in chosen}
    encoded: dict[int, bytes] = {}
    start = 0
    for part in read_tables(CLEAN, ["image"]):
        here = wanted & set(range(start, start + part.num_rows))
        encoded |= {row: part["image"][row - start].as_py() for row in here}
        start += part.num_rows
    contact_sheet(
        {
            name: decode_all([encoded[row] for row in chosen], shape, "crop")
            for name, chosen in rows.items()
        },
        stage.output("reports/datacard.png"),
    )


def read_report(path: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(Path(path).read_text(encoding="utf-8"))
    return content


if __name__ == "__main__":
    run_stage("augment", main, AugmentParams)
