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
from pipeline.dataset.privacy import pseudonym
from pipeline.dataset.table import SPLITS, file_digest, words, write_part
from pipeline.ingest.admission import OPTED_OUT, Terms, admit
from pipeline.ingest.reuse import KnownPart, read_cached
from pipeline.ingest.splits import assign_splits
from pipeline.modalities.images.prepare.decoding import prepare
from pipeline.modalities.images.prepare.measurements import Measured, measure
from pipeline.modalities.images.prepare.refusals import UnreadableImage
from pipeline.modalities.images.prepare.schema import RAW_SCHEMA, WITHOUT_CONTENT
from pipeline.sources.source import Batch, Source

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
    terms: Terms


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
        terms=Terms(
            license=entry.license,
            purposes=" ".join(entry.purposes) if entry.purposes and not any_purpose else None,
            purpose=purpose,
            opted_out=opted_out,
            pseudonym_key=pseudonym_key,
        ),
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
    table, left_out = admit(examples, job.terms)
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
    splits = assign_splits(table, job.splits_given, job.fractions, job.seed)
    if job.terms.pseudonym_key is not None:
        ids, groups = (
            [pseudonym(name, job.terms.pseudonym_key) for name in c] for c in (ids, groups)
        )
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
    stripped = pc.is_in(rows["sha256"], pa.array(sorted(job.terms.opted_out), pa.string()))
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
