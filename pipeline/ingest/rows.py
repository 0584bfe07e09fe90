"""Rows of the example table from the examples of a source."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from pipeline.dataset.addresses import without_secrets
from pipeline.dataset.catalog import Entry, SplitFractions
from pipeline.dataset.privacy import is_opted_out, pseudonym
from pipeline.dataset.randomness import id_keys, uniform
from pipeline.dataset.table import SPLITS, file_digest, words, write_part
from pipeline.ingest.reuse import KnownPart, read_cached
from pipeline.ingest.sources.source import Batch, Source
from pipeline.modalities.images.prepare.decoding import prepare
from pipeline.modalities.images.prepare.measurements import Measured, measure
from pipeline.modalities.images.prepare.refusals import UnreadableImage
from pipeline.modalities.images.prepare.schema import RAW_SCHEMA, WITHOUT_CONTENT

MEASURED_AT_ONCE_BYTES = 8 << 20


@dataclass(frozen=True)
class IngestJob:
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


def job_maker(
    entry: Entry,
    source: Source,
    *,
    seed: int,
    max_pixels: float,
    purpose: str,
    opted_out: frozenset[str] = frozenset(),
    pseudonym_key: bytes | None = None,
    any_purpose: bool = False,
) -> "partial[IngestJob]":
    """Makes the job of a batch; with `any_purpose` the entry's own purposes leave nothing out."""
    return partial(
        IngestJob,
        classes=source.classes,
        splits_given=source.splits,
        fractions=entry.split,
        seed=seed,
        max_pixels=max_pixels,
        source=without_secrets(entry.uri),
        license=entry.license,
        purposes=" ".join(entry.purposes) if entry.purposes and not any_purpose else None,
        purpose=purpose,
        opted_out=opted_out,
        pseudonym_key=pseudonym_key,
    )


class ExampleRows(NamedTuple):
    table: pa.Table
    """In RAW_SCHEMA."""
    left_out: Counter[str]
    """How many examples are not in it, by reason."""
    fingerprint: int
    """Of what was read; those of several tables add up, modulo 2**256, in any order."""
    all_read: bool = True
    """Whether no image failed for a reason that may pass."""


def make_rows(job: IngestJob) -> ExampleRows:
    """Decode, strip and measure some examples; a pure function of the job."""
    examples = with_digests(job.read())
    table, left_out = admit(examples, job)
    ids, data = table["id"].to_pylist(), table["image"].to_pylist()
    stored: list[bytes | None] = []
    modes: list[str | None] = []
    problems: list[str | None] = table["problem"].to_pylist()
    digests: list[str | None] = []
    removed = []
    measured = MeasuredColumns(len(ids))
    transient = bool(pc.any(examples["transient"]).as_py())
    for position, encoded in enumerate(data):
        try:
            if (problem := problems[position]) is not None:
                raise UnreadableImage(problem)
            image = prepare(encoded or b"", job.max_pixels)
        except UnreadableImage as reason:
            stored.append(None)
            digests.append(None)
            modes.append(None)
            removed.append("")
            problems[position] = str(reason)
            transient |= reason.transient
            continue
        stored.append(image.data)
        digests.append(hashlib.sha256(image.data).hexdigest())
        modes.append(image.mode)
        removed.append(",".join(image.removed))
        measured.add(position, image.pixels)
    known = set(job.classes)
    labels = [label if label in known else None for label in table["label"].to_pylist()]
    sources = [source or job.source for source in table["source"].to_pylist()]
    licenses = table["license"].to_pylist()
    purposes = table["purposes"].to_pylist()
    groups = table["group"].to_pylist()
    splits = assign_splits(table, job)
    if job.pseudonym_key is not None:
        ids, groups = ([pseudonym(name, job.pseudonym_key) for name in c] for c in (ids, groups))
        sources = [job.source] * len(ids)  # the others may well name the file
    columns = {
        "id": ids,
        "image": stored,
        "label": words(labels, job.classes),
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
    stripped = pc.is_in(rows["sha256"], pa.array(sorted(job.opted_out), pa.string()))
    if pc.any(stripped).as_py():  # listed by the digest that data/raw has
        rows = rows.filter(pc.invert(stripped))
        left_out[OPTED_OUT] += table.num_rows - rows.num_rows
    return ExampleRows(rows, left_out, fingerprint(examples), all_read=not transient)


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


class RawPart(NamedTuple):
    """A file of data/raw, written; and its rows, without the images."""

    known: KnownPart
    """For the next run."""
    rows: ExampleRows
    is_known: bool
    """Whether an earlier run had made it."""


def make_part(job: IngestJob, folder: Path, number: int, known: KnownPart | None = None) -> RawPart:
    """Make rows and write them, so that no image goes from process to process.

    `known` is what an earlier run made of the same batch.
    """
    path = folder / f"part-{number:05d}.parquet"
    if known is not None and (reused := _reuse(known)) is not None:
        rows, data = reused
        if data is not None:
            path.write_bytes(data)
        file = known.file and known.file | {"name": path.name}
        return RawPart(known._replace(file=file), rows, is_known=True)
    rows = make_rows(job)
    file = write_part(folder, number, rows.table) if rows.table.num_rows else None
    md5 = file_digest(path, "md5") if file else None
    made = KnownPart(file, md5, dict(rows.left_out), rows.fingerprint)
    return RawPart(made, _without_images(rows), is_known=False)


def look_at(job: IngestJob, known: KnownPart | None = None) -> ExampleRows:
    """Rows without the images, of which no file is written; see `make_part`."""
    reused = _reuse(known) if known else None
    return reused[0] if reused else _without_images(make_rows(job))


def _reuse(known: KnownPart) -> tuple[ExampleRows, bytes | None] | None:
    """Rows without the images, and the bytes of their file, if there is one, of an earlier run;
    None where its file is no longer in DVC's cache."""
    table, data = NO_ROWS, None
    if known.file is not None:
        data = read_cached(known)
        if data is None:
            return None
        table = pq.read_table(pa.BufferReader(data), columns=WITHOUT_CONTENT)
    return ExampleRows(table, Counter(known.left_out), known.fingerprint), data


def _without_images(rows: ExampleRows) -> ExampleRows:
    return rows._replace(table=rows.table.drop_columns(["image"]))


NO_ROWS = RAW_SCHEMA.empty_table().drop_columns(["image"])


OPTED_OUT = "opted out"


def admit(table: pa.Table, job: IngestJob) -> tuple[pa.Table, Counter[str]]:
    """The examples that may be there, and how many may not, by reason.

    Their licence and purposes are filled in. Left out are those whose id, digest of the id, or
    digest of the image is in `opted_out`, and those that may not be used for `purpose`.
    """
    license = pc.fill_null(table["license"], job.license)
    purposes = table["purposes"]
    if job.purposes is not None:
        purposes = pc.fill_null(purposes, job.purposes)
    table = table.set_column(table.schema.get_field_index("license"), "license", license)
    table = table.set_column(table.schema.get_field_index("purposes"), "purposes", purposes)
    left_out: Counter[str] = Counter()
    admitted = []
    for id, digest, allowed in zip(
        *(table[name].to_pylist() for name in ("id", "source_sha256", "purposes")), strict=True
    ):
        reason = None
        if is_opted_out(job.opted_out, id, digest) or (
            job.pseudonym_key
            and is_opted_out(job.opted_out, pseudonym(id, job.pseudonym_key) or "", None)
        ):
            reason = OPTED_OUT
        elif allowed is not None and job.purpose not in allowed.split():
            reason = f"only for {', '.join(allowed.split()) or 'nothing'}, not for {job.purpose}"
        admitted.append(reason is None)
        if reason is not None:
            left_out[reason] += 1
    return (table.filter(pa.array(admitted, pa.bool_())) if left_out else table), left_out


class MeasuredColumns:
    """A column for each measurement, filled as images come; those of one shape together.

    At most MEASURED_AT_ONCE_BYTES of pixels wait (and one image more), however large they are.
    """

    NAMES = ("height", "width", "channels", *Measured._fields)

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


def assign_splits(table: pa.Table, job: IngestJob) -> list[str]:
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
    draw = uniform(id_keys(owners), job.seed, "split")
    # Test before val, so that changing the size of val moves nothing in or out of test.
    is_test = draw < job.fractions.test if "test" not in job.splits_given else draw < 0
    start = job.fractions.test if "test" not in job.splits_given else 0.0
    is_val = (draw >= start) & (draw < start + job.fractions.val)
    splits = []
    for own, test, val in zip(given, is_test, is_val, strict=True):
        if own in ("val", "test"):
            splits.append(own)
        elif test:
            splits.append("test")
        elif val and "val" not in job.splits_given:
            splits.append("val")
        else:
            splits.append("train")
    return splits
