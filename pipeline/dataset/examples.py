"""Rows of the example table from the examples of a source."""

import hashlib
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.dataset.catalog import SplitFractions
from pipeline.dataset.images import UnreadableImage, prepare
from pipeline.dataset.measurements import measure
from pipeline.dataset.randomness import id_keys, uniform
from pipeline.dataset.records import RAW_SCHEMA, words

SPLITS = ["train", "val", "test"]
MEASURED_AT_ONCE_BYTES = 8 << 20


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
    stored: list[bytes | None] = []
    modes: list[str | None] = []
    problems: list[str | None] = []
    digests, removed = [], []
    measured = MeasuredColumns(len(ids))
    for position, encoded in enumerate(data):
        try:
            image = prepare(encoded or b"", task.max_pixels)
        except UnreadableImage as reason:
            stored.append(None)
            digests.append(hashlib.sha256(encoded or b"").hexdigest())
            modes.append(None)
            removed.append("")
            problems.append(str(reason))
            continue
        stored.append(image.data)
        digests.append(hashlib.sha256(image.data).hexdigest())
        modes.append(image.mode)
        removed.append(",".join(image.removed))
        problems.append(None)
        measured.add(position, image.pixels)
    known = set(task.classes)
    labels = [label if label in known else None for label in task.table["label"].to_pylist()]
    columns = {
        "id": ids,
        "image": stored,
        "label": words(labels, task.classes),
        "split": words(assign_splits(task), SPLITS),
        "group": task.table["group"],
        "sha256": digests,
        "source": words([task.source] * len(ids), [task.source]),
        "license": words([task.license] * len(ids), [task.license]),
        "mode": words(modes, sorted({mode for mode in modes if mode})),
        "metadata_removed": words(removed, sorted(set(removed))),
        "problem": pa.array(problems, pa.string()),
        **measured.columns(),
    }
    return pa.table([columns[name] for name in RAW_SCHEMA.names], schema=RAW_SCHEMA)


class MeasuredColumns:
    """A column for each measurement, filled as images come; those of one shape together.

    At most MEASURED_AT_ONCE_BYTES of pixels wait (and one image more), however large they are.
    """

    NAMES = ("height", "width", "channels", "brightness", "contrast", "sharpness", "phash")

    def __init__(self, num_rows: int) -> None:
        self._values: dict[str, list[float | None]] = {n: [None] * num_rows for n in self.NAMES}
        self._waiting: dict[tuple[int, ...], list[tuple[int, NDArray[np.uint8]]]] = {}
        self._waiting_bytes = 0

    def add(self, position: int, pixels: NDArray[np.uint8]) -> None:
        self._waiting.setdefault(pixels.shape, []).append((position, pixels))
        self._waiting_bytes += pixels.nbytes
        if self._waiting_bytes > MEASURED_AT_ONCE_BYTES:
            self._measure()

    def columns(self) -> dict[str, pa.Array]:
        self._measure()
        return {n: pa.array(self._values[n], RAW_SCHEMA.field(n).type) for n in self.NAMES}

    def _measure(self) -> None:
        for (height, width, channels), images in self._waiting.items():
            found = measure(np.stack([pixels for _, pixels in images]))
            same = [[side] * len(images) for side in (height, width, channels)]
            for name, values in zip(self.NAMES, same + [c.tolist() for c in found], strict=True):
                for (position, _), value in zip(images, values, strict=True):
                    self._values[name][position] = value
        self._waiting.clear()
        self._waiting_bytes = 0


def assign_splits(task: Task) -> list[str]:
    """The source's own splits; what it lacks is drawn by `(seed, group or id)`.

    Without any, val and test take their fractions; without val, val takes its from train.
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
