"""Rows of the example table from the examples of a source."""

import hashlib
from collections import Counter
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.dataset.addresses import without_secrets
from pipeline.dataset.catalog import Entry
from pipeline.dataset.privacy import pseudonym
from pipeline.dataset.served.ids import is_served_id
from pipeline.dataset.splits.clock import Clock
from pipeline.dataset.splits.rule import SplitRule
from pipeline.dataset.table import SPLITS, file_digest, part_name, words, write_part
from pipeline.ingest.admission import OPTED_OUT, Terms, admit
from pipeline.ingest.fingerprint import fingerprint
from pipeline.ingest.reuse import KnownPart, read_cached
from pipeline.ingest.schema import schema_of, timed_and_sliced, without_content
from pipeline.ingest.sources.opening import annotations_of
from pipeline.ingest.splits import clock_of, place
from pipeline.modalities.opening import open_prepare
from pipeline.modalities.protocols.prepare import content_column
from pipeline.runtime.files import as_native
from pipeline.runtime.settings import Kind, Settings
from pipeline.sources.source import Batch, Source
from pipeline.targets.opening import open_labels
from pipeline.targets.protocols.labels import TargetIndex


@dataclass(frozen=True)
class IngestJob:
    """A batch of a source with everything that a worker process needs to make rows of it."""

    read: Batch
    modality: str
    target: str
    index: TargetIndex
    """The labels that are valid."""
    splits_given: frozenset[str]
    fractions: SplitRule
    seed: int
    limits: SimpleNamespace
    """The section `ingest` of params.yaml and the options of the entry for reading contents, as a
    type that can be pickled."""
    source: str
    terms: Terms
    divides: bool = True
    """Whether examples without a label wait in the pool. If not, annotators may have labelled
    them."""
    clock: Clock | None = None
    """How times are read; None if examples have none."""
    slices: tuple[str, ...] = ()
    """Columns of the source whose values evaluate reports on."""

    @property
    def schema(self) -> pa.Schema:
        """Columns of the rows."""
        time = self.clock.type if self.clock else None
        return schema_of(self.modality, self.target, time, self.slices)


def job_maker(
    name: str,
    entry: Entry,
    source: Source,
    kind: Kind,
    *,
    seed: int,
    limits: Settings,
    purpose: str,
    opted_out: frozenset[str] = frozenset(),
    pseudonym_key: bytes | None = None,
    any_purpose: bool = False,
) -> "partial[IngestJob]":
    """Return the function that makes the job of a batch.

    With `any_purpose` the purposes of the entry leave no example out.

    Raises:
        SettingsError: the split rule of the dataset `name` does not fit its source.
    """
    return partial(
        IngestJob,
        modality=kind.modality,
        target=kind.target,
        index=dict(source.target),
        splits_given=source.splits,
        fractions=entry.split,
        seed=seed,
        limits=SimpleNamespace(
            **limits.model_dump(),
            **options_of(entry, source, kind.modality),
            **({"pseudonym_key": pseudonym_key} if pseudonym_key is not None else {}),
        ),
        source=without_secrets(entry.uri),
        terms=Terms(
            license=entry.license,
            purposes=" ".join(entry.purposes) if entry.purposes and not any_purpose else None,
            purpose=purpose,
            opted_out=opted_out,
            pseudonym_key=pseudonym_key,
            splits=tuple(entry.splits) if entry.splits is not None else None,
        ),
        divides=annotations_of(entry) is None,
        clock=clock_of(name, entry, source),
        slices=tuple(entry.slices),
    )


def options_of(entry: Entry, source: Source, modality: str) -> dict[str, Any]:
    """Return how contents are read: options that the source detected or the entry gives."""
    return {**source.options, **open_prepare(modality).options(entry)}


class ExampleRows(NamedTuple):
    """Rows of the example table, and the number of examples that are not in it."""

    table: pa.Table
    """Columns as in `schema_of`."""
    left_out: Counter[str]
    """Number of examples that are not in the table, by reason."""
    fingerprint: int
    """Digest of the examples as read; those of several tables add up, modulo 2**256, in any
    order."""
    pool: pa.Table
    """Examples without a label, with the same columns; their split is null."""
    known_later: int = 0
    """Number of examples whose values became known only after their time."""
    all_read: bool = True
    """Whether no example failed for a reason that may pass."""


def make_rows(job: IngestJob) -> ExampleRows:
    """Prepare the examples of a job; a pure function of it."""
    prepare, labels = open_prepare(job.modality), open_labels(job.target)
    content = content_column(prepare)
    examples = with_digests(job.read(), content)
    table, left_out = admit(examples, job.terms)
    given = [
        None if text is None or labels.is_missing(text, job.index) else text
        for text in table["label"].to_pylist()
    ]
    placed = place(table, job.splits_given, job.fractions, job.seed, job.clock)
    # An example without a label waits in the pool, whatever its time.
    reasons = [
        None if text is None and job.divides else why
        for text, why in zip(given, placed.reasons, strict=True)
    ]
    left_out.update(filter(None, reasons))
    fits = [why is None for why in reasons]
    table = table.filter(pa.array(fits, pa.bool_()))
    given = [text for text, fit in zip(given, fits, strict=True) if fit]
    splits = [split for split, fit in zip(placed.splits, fits, strict=True) if fit]
    label = labels.column(given, job.index)
    of_source: list[str | None] = table["problem"].to_pylist()
    contents = zip(table[content].to_pylist(), of_source, strict=True)
    prepared = prepare.prepare([None if why else data for data, why in contents], job.limits)
    unknown = [
        f"label {text} is {labels.UNKNOWN}" if text is not None and not known else None
        for text, known in zip(given, label.is_valid().to_pylist(), strict=True)
    ]
    problems = [
        next(filter(None, reasons), None)
        for reasons in zip(of_source, prepared.problems, unknown, strict=True)
    ]
    transient = any(prepared.transient) or bool(pc.any(examples["transient"]).as_py())
    ids, groups = table["id"].to_pylist(), table["group"].to_pylist()
    sources = [source or job.source for source in table["source"].to_pylist()]
    if job.terms.pseudonym_key is not None:
        key = job.terms.pseudonym_key
        # Of a served example the id is a digest of its content, and decisions name it so.
        ids = [id if is_served_id(id) else pseudonym(id, key) for id in ids]
        groups = [pseudonym(name, key) for name in groups]
        sources = [job.source] * len(ids)  # the others may well name the file
    schema = job.schema
    columns = {
        "id": ids,
        **prepared.content,
        labels.COLUMN: label,
        "split": words(splits, SPLITS),
        "group": pa.array(groups, pa.string()),
        **timed_and_sliced(table, job.clock, job.slices),
        "sha256": pa.array(prepared.digests, pa.string()),
        "source_sha256": table["source_sha256"],
        "source": words(sources),
        "license": words(table["license"].to_pylist()),
        "purposes": words(table["purposes"].to_pylist()),
        **{n: pa.array(values, schema.field(n).type) for n, values in prepared.measured.items()},
        **{name: words(values) for name, values in prepared.words.items()},
        "metadata_removed": words([",".join(kinds) for kinds in prepared.removed]),
        "problem": pa.array(problems, pa.string()),
    }
    rows = pa.table([columns[name] for name in schema.names], schema=schema)
    stripped = pc.is_in(rows["sha256"], pa.array(sorted(job.terms.opted_out), pa.string()))
    if pc.any(stripped).as_py():  # listed by the digest that data/raw has
        rows = rows.filter(pc.invert(stripped))
        left_out[OPTED_OUT] += table.num_rows - rows.num_rows
        given = [text for text, out in zip(given, stripped.to_pylist(), strict=True) if not out]
    waits = pa.array([text is None and job.divides for text in given], pa.bool_())
    return ExampleRows(
        rows.filter(pc.invert(waits)),
        left_out,
        fingerprint(examples),
        without_splits(rows.filter(waits)),
        placed.known_later,
        all_read=not transient,
    )


def without_splits(pool: pa.Table) -> pa.Table:
    """Return the table with null splits, as the pool has it."""
    at = pool.schema.get_field_index("split")
    return pool.set_column(at, pool.schema.field(at), words([None] * pool.num_rows, SPLITS))


def with_digests(table: pa.Table, content: str) -> pa.Table:
    """Add the column source_sha256: digests of the contents before ingest changes them."""
    contents = table[content].to_pylist()
    digests = [None if data is None else hashlib.sha256(data).hexdigest() for data in contents]
    return table.append_column("source_sha256", pa.array(digests, pa.string()))


class RawPart(NamedTuple):
    """The written files of data/raw for a batch, and their rows without content."""

    known: KnownPart
    """Cache record for the next run."""
    rows: ExampleRows
    is_known: bool
    """Whether it was reused from an earlier run."""


STEMS = ("part", "pool")


def make_part(job: IngestJob, folder: Path, number: int, known: KnownPart | None = None) -> RawPart:
    """Make rows and write them in this process, so that no content passes between processes.

    `known` is the cache record of the same batch from an earlier run.
    """
    if known is not None and (reused := _reuse(job, known)) is not None:
        rows, contents = reused
        files = []
        for file, stem, data in zip(known.files, STEMS, contents, strict=True):
            if file is not None and data is not None:
                name = part_name(number, stem)
                (folder / name).write_bytes(data)
                file = file | {"name": name}
            files.append(file)
        return RawPart(known._replace(files=files), rows, is_known=True)
    rows = make_rows(job)
    files = [
        write_part(folder, number, table, stem) if table.num_rows else None
        for table, stem in zip((rows.table, rows.pool), STEMS, strict=True)
    ]
    md5s = [file_digest(folder / file["name"], "md5") if file else None for file in files]
    made = KnownPart(files, md5s, dict(rows.left_out), rows.fingerprint, rows.known_later)
    return RawPart(made, _without_content(job, rows), is_known=False)


def look_at(job: IngestJob, known: KnownPart | None = None) -> ExampleRows:
    """Make rows without writing them, and without their content; see `make_part`."""
    reused = _reuse(job, known) if known else None
    return reused[0] if reused else _without_content(job, make_rows(job))


def _reuse(job: IngestJob, known: KnownPart) -> tuple[ExampleRows, list[bytes | None]] | None:
    """Read the rows (without content) and the bytes of the files of an earlier run.

    Returns None if a file is no longer in DVC's cache.
    """
    names = without_content(job.schema, job.modality)
    tables, contents = [], []
    for file, md5 in zip(known.files, known.md5s, strict=True):
        data = read_cached(file, md5) if file is not None and md5 is not None else None
        if data is None and file is not None:
            return None
        contents.append(data)
        tables.append(
            job.schema.empty_table().select(names)
            if data is None
            else pq.read_table(as_native(data), columns=names)
        )
    left_out = Counter(known.left_out)
    rows = ExampleRows(tables[0], left_out, known.fingerprint, tables[1], known.known_later)
    return rows, contents


def _without_content(job: IngestJob, rows: ExampleRows) -> ExampleRows:
    names = without_content(job.schema, job.modality)
    return rows._replace(table=rows.table.select(names), pool=rows.pool.select(names))
