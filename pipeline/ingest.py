"""Ingest: bring the data in, without personal metadata, measured, with provenance and splits.

reads   data/catalog/<dataset>.yaml, and the source that it names
writes  data/raw/
params  dataset, seed, ingest
"""

import hashlib
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from pipeline.dataset.catalog import SplitFractions, read_entry
from pipeline.dataset.images import StoredImage, UnreadableImage, measure, prepare
from pipeline.dataset.randomness import id_keys, uniform
from pipeline.dataset.records import RAW_SCHEMA, words, write_index, write_tables
from pipeline.dataset.sources import Source, open_source
from pipeline.runtime.errors import SourceError
from pipeline.runtime.process import map_ordered
from pipeline.runtime.stage import Stage, run_stage

SPLITS = ["train", "val", "test"]
LARGEST_DEFAULT_SIDE = 224  # pixels; what most pretrained networks expect


class Task(NamedTuple):
    """A few thousand examples and all that is needed to process them anywhere."""

    examples: pa.Table
    classes: list[str]
    splits_given: frozenset[str]
    fractions: SplitFractions
    seed: int
    max_pixels: float
    source: str
    license: str


def main(stage: Stage) -> None:
    params = stage.params
    entry = read_entry(params.dataset)
    source = open_source(entry)
    tasks = (
        Task(
            examples=examples,
            classes=source.classes,
            splits_given=source.splits,
            fractions=entry.split,
            seed=params.seed,
            max_pixels=params.ingest.max_megapixels * 1e6,
            source=entry.uri,
            license=entry.license,
        )
        for examples in source.tables
    )
    folder = stage.output("data/raw")
    seen = Summary()
    files = write_tables(folder, seen.count(stage, map_ordered(process, tasks), source), RAW_SCHEMA)
    assert seen.examples == source.num_examples, "every example of the source is accounted for"
    if not seen.examples:
        raise SourceError(f"{entry.uri} has no examples", fix="check uri in the catalog entry")
    image_size = entry.image_size or seen.common_size()
    write_index(
        folder,
        files,
        dataset=params.dataset,
        license=entry.license,
        classes=source.classes,
        image_size=image_size,
        channels=3 if 3 in seen.channels else 1,
    )
    counts = ", ".join(f"{seen.splits[split]} {split}" for split in SPLITS)
    stage.say(f"{seen.examples} examples of {len(source.classes)} classes: {counts}")
    if entry.image_size is None and len(seen.sizes) > 1:
        stage.say(
            f"images differ in size; training will see {image_size[0]} x {image_size[1]} "
            "(`image_size` in the catalog entry chooses another)"
        )
    for kind, number in sorted(seen.metadata.items()):
        stage.say(f"removed {kind} metadata from {number} images")
    if seen.problems:
        stage.say(f"{seen.problems} images are unreadable; validate lists them")


def process(task: Task) -> pa.Table:
    """Decode, strip and measure a table of examples; a pure function of the task."""
    ids, data = task.examples["id"].to_pylist(), task.examples["image"].to_pylist()
    stored: list[StoredImage | None] = []
    problems: list[str | None] = []
    for encoded in data:
        try:
            stored.append(prepare(encoded or b"", task.max_pixels))
            problems.append(None)
        except UnreadableImage as reason:
            stored.append(None)
            problems.append(str(reason))
    known = set(task.classes)
    labels = [label if label in known else None for label in task.examples["label"].to_pylist()]
    removed = [",".join(image.removed) if image else "" for image in stored]
    modes = [image.mode if image else None for image in stored]
    columns = {
        "id": ids,
        "image": [image.data if image else None for image in stored],
        "label": words(labels, task.classes),
        "split": words(assign_splits(task), SPLITS),
        "group": task.examples["group"],
        "sha256": [
            hashlib.sha256(image.data if image else encoded or b"").hexdigest()
            for image, encoded in zip(stored, data, strict=True)
        ],
        "source": words([task.source] * len(ids), [task.source]),
        "license": words([task.license] * len(ids), [task.license]),
        "mode": words(modes, sorted({mode for mode in modes if mode})),
        "metadata_removed": words(removed, sorted(set(removed))),
        "problem": pa.array(problems, pa.string()),
        **measurements(stored),
    }
    return pa.table([columns[name] for name in RAW_SCHEMA.names], schema=RAW_SCHEMA)


def measurements(images: list[StoredImage | None]) -> dict[str, pa.Array]:
    """A column for each measurement; images of one shape are measured together."""
    names = [
        "height",
        "width",
        "channels",
        "brightness",
        "contrast",
        "sharpness",
        "phash",
    ]
    values: dict[str, list[float | None]] = {name: [None] * len(images) for name in names}
    shapes: dict[tuple[int, ...], list[int]] = {}
    for position, image in enumerate(images):
        if image is not None:
            shapes.setdefault(image.pixels.shape, []).append(position)
    for shape, positions in shapes.items():
        pixels = np.stack([images[p].pixels for p in positions])  # type: ignore[union-attr]
        found = dict(zip(names, shape, strict=False)) | measure(pixels)._asdict()
        for name, column in found.items():
            each = [column] * len(positions) if isinstance(column, int) else column.tolist()
            for position, value in zip(positions, each, strict=True):
                values[name][position] = value
    return {name: pa.array(values[name], RAW_SCHEMA.field(name).type) for name in names}


def assign_splits(task: Task) -> list[str]:
    """The source's own splits; what it lacks is drawn by `(seed, group or id)`.

    Without any, val and test take their fractions; without val, val takes its from train.
    An example whose split is none of train, val, test is a training example, unless the source
    tells splits apart.
    """
    given = task.examples["split"].to_pylist()
    owners = [
        group if group is not None else id
        for group, id in zip(
            task.examples["group"].to_pylist(),
            task.examples["id"].to_pylist(),
            strict=True,
        )
    ]
    draw = uniform(id_keys(owners), task.seed, "split")
    # Test before val, so that changing the size of val moves nothing in or out of test.
    is_test = draw < task.fractions.test if "test" not in task.splits_given else draw < 0
    start = task.fractions.test if "test" not in task.splits_given else 0.0
    is_val = (draw >= start) & (draw < start + task.fractions.val)
    splits = []
    for own, test, val in zip(given, is_test, is_val, strict=True):
        if own in ("val", "test"):
            splits.append(own)
        elif test:
            splits.append("test")
        elif val and "val" not in task.splits_given:
            splits.append("val")
        else:
            splits.append("train")
    return splits


class Summary:
    """What passes by while the tables are written."""

    def __init__(self) -> None:
        self.examples = 0
        self.problems = 0
        self.splits: Counter[str] = Counter()
        self.metadata: Counter[str] = Counter()
        self.sizes: Counter[tuple[int, int]] = Counter()
        self.channels: set[int] = set()

    def count(self, stage: Stage, tables: Iterator[pa.Table], source: Source) -> Iterator[pa.Table]:
        with stage.progress_bar(source.num_examples, "image") as bar:
            for table in tables:
                readable = table.filter(table["problem"].is_null())
                sizes = readable.select(["height", "width"]).to_pydict()
                self.examples += table.num_rows
                self.problems += table.num_rows - readable.num_rows
                self.splits.update(table["split"].to_pylist())
                self.sizes.update(zip(sizes["height"], sizes["width"], strict=True))
                self.channels.update(readable["channels"].to_pylist())
                for kinds in readable["metadata_removed"].to_pylist():
                    self.metadata.update(kinds.split(",") if kinds else [])
                bar.update(table.num_rows)
                yield table

    def common_size(self) -> list[int]:
        """The height and width of every image, or a square as large as most images allow."""
        if len(self.sizes) == 1:
            return list(next(iter(self.sizes)))
        shorter = sorted(min(size) for size in self.sizes.elements())
        side = min(shorter[len(shorter) // 2], LARGEST_DEFAULT_SIDE) if shorter else 1
        return [side, side]


if __name__ == "__main__":
    run_stage("ingest", main)
