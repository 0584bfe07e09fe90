"""Rows of the example table from the examples of a source."""

import hashlib
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from pipeline.dataset.catalog import SplitFractions
from pipeline.dataset.images import StoredImage, UnreadableImage, prepare
from pipeline.dataset.measurements import measure
from pipeline.dataset.randomness import id_keys, uniform
from pipeline.dataset.records import RAW_SCHEMA, words

SPLITS = ["train", "val", "test"]


class Task(NamedTuple):
    """A few thousand examples and all that is needed to process them anywhere."""

    table: pa.Table
    """In the sources' EXAMPLE_SCHEMA."""
    classes: list[str]
    splits_given: frozenset[str]
    fractions: SplitFractions
    seed: int
    max_pixels: float
    source: str
    license: str


def make_rows(task: Task) -> pa.Table:
    """Decode, strip and measure a table of examples; a pure function of the task."""
    ids, data = task.table["id"].to_pylist(), task.table["image"].to_pylist()
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
    labels = [label if label in known else None for label in task.table["label"].to_pylist()]
    removed = [",".join(image.removed) if image else "" for image in stored]
    modes = [image.mode if image else None for image in stored]
    columns = {
        "id": ids,
        "image": [image.data if image else None for image in stored],
        "label": words(labels, task.classes),
        "split": words(assign_splits(task), SPLITS),
        "group": task.table["group"],
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
    given = task.table["split"].to_pylist()
    owners = [
        group if group is not None else id
        for group, id in zip(
            task.table["group"].to_pylist(),
            task.table["id"].to_pylist(),
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
