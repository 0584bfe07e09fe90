"""Rows of the example table from the examples of a source."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from pipeline.dataset.catalog import SplitFractions
from pipeline.dataset.privacy import is_opted_out, pseudonym
from pipeline.dataset.randomness import id_keys, uniform
from pipeline.dataset.table import MEASUREMENTS, RAW_SCHEMA, file_digest, words, write_part
from pipeline.ingest.reuse import Noted, read_cached
from pipeline.ingest.sources.places.trees import is_of_the_moment
from pipeline.ingest.sources.source import Batch
from pipeline.modalities.images.prepare.decoding import UnreadableImage, prepare
from pipeline.modalities.images.prepare.measurements import Measurements, measure

SPLITS = ["train", "val", "test"]
MEASURED_AT_ONCE_BYTES = 8 << 20


@dataclass(frozen=True)
class Task:
    """Some examples of a source and all that is needed to make rows of them anywhere."""

    read: Batch
    classes: list[str]
    splits_given: frozenset[str]
    fractions: SplitFractions
    seed: int
    max_pixels: float
    source: str
    license: str
    purposes: str | None
    """What the examples may be used for where they do not say so themselves; None for anything."""
    purpose: str
    """What they are to be used for."""
    opted_out: frozenset[str]
    """Ids, and SHA-256 digests of ids or of images, that are not to be there."""
    pseudonym_key: bytes | None


class Rows(NamedTuple):
    table: pa.Table
    """In RAW_SCHEMA."""
    left_out: Counter[str]
    """How many examples are not in it, by reason."""
    fingerprint: int
    """Of what was read; those of several tables add up, modulo 2**256, in any order."""
    all_read: bool = True
    """Whether no image has a problem that is of the moment."""


def make_rows(task: Task) -> Rows:
    """Decode, strip and measure some examples; a pure function of the task."""
    found = with_digests(task.read())
    table, left_out = admit(found, task)
    ids, data = table["id"].to_pylist(), table["image"].to_pylist()
    stored: list[bytes | None] = []
    modes: list[str | None] = []
    problems: list[str | None] = table["problem"].to_pylist()
    digests: list[str | None] = []
    removed = []
    measured = MeasuredColumns(len(ids))
    for position, encoded in enumerate(data):
        try:
            if problems[position] is not None:
                raise UnreadableImage(problems[position])
            image = prepare(encoded or b"", task.max_pixels)
        except UnreadableImage as reason:
            stored.append(None)
            digests.append(None)
            modes.append(None)
            removed.append("")
            problems[position] = str(reason)
            continue
        stored.append(image.data)
        digests.append(hashlib.sha256(image.data).hexdigest())
        modes.append(image.mode)
        removed.append(",".join(image.removed))
        measured.add(position, image.pixels)
    known = set(task.classes)
    labels = [label if label in known else None for label in table["label"].to_pylist()]
    sources = [source or task.source for source in table["source"].to_pylist()]
    licenses = table["license"].to_pylist()
    purposes = table["purposes"].to_pylist()
    groups = table["group"].to_pylist()
    splits = assign_splits(table, task)
    if task.pseudonym_key is not None:
        ids, groups = ([pseudonym(name, task.pseudonym_key) for name in c] for c in (ids, groups))
        sources = [task.source] * len(ids)  # the others may well name the file
    columns = {
        "id": ids,
        "image": stored,
        "label": words(labels, task.classes),
        "split": words(splits, SPLITS),
        "group": pa.array(groups, pa.string()),
        "sha256": pa.array(digests, pa.string()),
        "source_sha256": table["source_sha256"],
        "source": words(sources),
        "license": words(licenses),
        "purposes": words(purposes),
        "mode": words(modes),
        "metadata_removed": words(removed),
        "problem": pa.array(problems, pa.string()),
        **measured.columns(),
    }
    rows = pa.table([columns[name] for name in RAW_SCHEMA.names], schema=RAW_SCHEMA)
    stripped = pc.is_in(rows["sha256"], pa.array(sorted(task.opted_out), pa.string()))
    if pc.any(stripped).as_py():  # listed by the digest that data/raw has
        rows = rows.filter(pc.invert(stripped))
        left_out[OPTED_OUT] += table.num_rows - rows.num_rows
    all_read = not any(map(is_of_the_moment, [*found["problem"].to_pylist(), *problems]))
    return Rows(rows, left_out, fingerprint(found), all_read)


def with_digests(table: pa.Table) -> pa.Table:
    """Add the column source_sha256: digests of the images as the source has them."""
    images = table["image"].to_pylist()
    digests = [None if image is None else hashlib.sha256(image).hexdigest() for image in images]
    return table.append_column("source_sha256", pa.array(digests, pa.string()))


FINGERPRINTED = ("id", "label", "split", "source_sha256")


def fingerprint(table: pa.Table, names: Sequence[str] = FINGERPRINTED) -> int:
    """A number that changes when an example is added, removed, renamed, relabelled or edited.

    The sum of a digest for each example (an incremental hash: Bellare and Micciancio 1997), so
    that it depends on no order. It guards against accidents, not against forgers.
    """
    columns = [table[name].to_pylist() for name in names]
    digests = (hashlib.sha256(repr(row).encode()).digest() for row in zip(*columns, strict=True))
    return sum(int.from_bytes(digest) for digest in digests) % (1 << 256)


class Part(NamedTuple):
    """A file of data/raw, written; and its rows, without the images."""

    noted: Noted
    rows: Rows
    is_known: bool
    """Whether an earlier run had made it."""


def make_part(task: Task, folder: Path, number: int, noted: Noted | None = None) -> Part:
    """Make rows and write them, so that no image goes from process to process.

    `noted` is what an earlier run made of the same.
    """
    path = folder / f"part-{number:05d}.parquet"
    if noted is not None and (known := _known(noted)) is not None:
        known_rows, data = known
        if data is not None:
            path.write_bytes(data)
        file = noted.file and noted.file | {"name": path.name}
        return Part(noted._replace(file=file), known_rows, is_known=True)
    rows = make_rows(task)
    file = write_part(folder, number, rows.table) if rows.table.num_rows else None
    md5 = file_digest(path, "md5") if file else None
    noted = Noted(file, md5, dict(rows.left_out), rows.fingerprint)
    return Part(noted, _without_images(rows), is_known=False)


def look_at(task: Task, noted: Noted | None = None) -> Rows:
    """Rows without the images, of which no file is written; see `make_part`."""
    known = _known(noted) if noted else None
    return known[0] if known else _without_images(make_rows(task))


def _known(noted: Noted) -> tuple[Rows, bytes | None] | None:
    """Rows without the images, and the bytes of their file, if there is one, of an earlier run;
    None where its file is no longer in DVC's cache."""
    table, data = NO_ROWS, None
    if noted.file is not None:
        data = read_cached(noted)
        if data is None:
            return None
        table = pq.read_table(pa.BufferReader(data), columns=MEASUREMENTS)
    return Rows(table, Counter(noted.left_out), noted.fingerprint), data


def _without_images(rows: Rows) -> Rows:
    return rows._replace(table=rows.table.drop_columns(["image"]))


NO_ROWS = RAW_SCHEMA.empty_table().drop_columns(["image"])


OPTED_OUT = "opted out"


def admit(table: pa.Table, task: Task) -> tuple[pa.Table, Counter[str]]:
    """The examples that may be there, and how many may not, by reason.

    Their licence and purposes are filled in. Left out are those whose id, digest of the id, or
    digest of the image is in `opted_out`, and those that may not be used for `purpose`.
    """
    license = pc.fill_null(table["license"], task.license)
    purposes = table["purposes"]
    if task.purposes is not None:
        purposes = pc.fill_null(purposes, task.purposes)
    table = table.set_column(table.schema.get_field_index("license"), "license", license)
    table = table.set_column(table.schema.get_field_index("purposes"), "purposes", purposes)
    left_out: Counter[str] = Counter()
    admitted = []
    for id, digest, allowed in zip(
        *(table[name].to_pylist() for name in ("id", "source_sha256", "purposes")), strict=True
    ):
        reason = None
        if is_opted_out(task.opted_out, id, digest) or (
            task.pseudonym_key
            and is_opted_out(task.opted_out, pseudonym(id, task.pseudonym_key) or "", None)
        ):
            reason = OPTED_OUT
        elif allowed is not None and task.purpose not in allowed.split():
            reason = f"only for {', '.join(allowed.split()) or 'nothing'}, not for {task.purpose}"
        admitted.append(reason is None)
        if reason is not None:
            left_out[reason] += 1
    return (table.filter(pa.array(admitted, pa.bool_())) if left_out else table), left_out


class MeasuredColumns:
    """A column for each measurement, filled as images come; those of one shape together.

    At most MEASURED_AT_ONCE_BYTES of pixels wait (and one image more), however large they are.
    """

    NAMES = ("height", "width", "channels", *Measurements._fields)

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


def assign_splits(table: pa.Table, task: Task) -> list[str]:
    """The source's own splits; what it lacks is drawn by `(seed, group or id)`.

    Without any, val and test take their fractions; without val, val takes its from train.
    """
    given = table["split"].to_pylist()
    owners = [
        group if group is not None else id
        for group, id in zip(
            table["group"].to_pylist(),
            table["id"].to_pylist(),
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
