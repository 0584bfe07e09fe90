"""Rows of the example table from the examples of a source."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.dataset.addresses import without_secrets
from pipeline.dataset.catalog import Entry, SplitFractions
from pipeline.dataset.privacy import pseudonym
from pipeline.dataset.table import SPLITS, file_digest, words, write_part
from pipeline.ingest.admission import OPTED_OUT, Terms, admit
from pipeline.ingest.reuse import KnownPart, read_cached
from pipeline.ingest.schema import names_without_content, schema_of
from pipeline.ingest.splits import assign_splits
from pipeline.modalities.opening import open_prepare
from pipeline.modalities.protocols.prepare import content_column
from pipeline.runtime.settings import Kind, Settings
from pipeline.sources.source import Batch, Source
from pipeline.targets.opening import open_labels
from pipeline.targets.protocols.labels import TargetIndex


@dataclass(frozen=True)
class IngestJob:
    """Some examples of a source and all that is needed to make rows of them anywhere."""

    read: Batch
    modality: str
    target: str
    index: TargetIndex
    """What labels may be."""
    splits_given: frozenset[str]
    fractions: SplitFractions
    seed: int
    limits: SimpleNamespace
    """What the section `ingest` of params.yaml has, and what the entry says of how contents are
    read, as a type that can be pickled."""
    source: str
    terms: Terms


def job_maker(
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
    """Makes the job of a batch; with `any_purpose` the entry's own purposes leave nothing out."""
    return partial(
        IngestJob,
        modality=kind.modality,
        target=kind.target,
        index=dict(source.target),
        splits_given=source.splits,
        fractions=entry.split,
        seed=seed,
        limits=SimpleNamespace(**limits.model_dump(), **open_prepare(kind.modality).options(entry)),
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
    """As `schema_of` says."""
    left_out: Counter[str]
    """How many examples are not in it, by reason."""
    fingerprint: int
    """Of what was read; those of several tables add up, modulo 2**256, in any order."""
    all_read: bool = True
    """Whether no example failed for a reason that may pass."""


def make_rows(job: IngestJob) -> ExampleRows:
    """Prepare some examples; a pure function of the job."""
    prepare, labels = open_prepare(job.modality), open_labels(job.target)
    content = content_column(prepare)
    examples = with_digests(job.read(), content)
    table, left_out = admit(examples, job.terms)
    of_source: list[str | None] = table["problem"].to_pylist()
    contents = zip(table[content].to_pylist(), of_source, strict=True)
    prepared = prepare.prepare([None if why else data for data, why in contents], job.limits)
    problems = [why or own for why, own in zip(of_source, prepared.problems, strict=True)]
    transient = any(prepared.transient) or bool(pc.any(examples["transient"]).as_py())
    ids, groups = table["id"].to_pylist(), table["group"].to_pylist()
    sources = [source or job.source for source in table["source"].to_pylist()]
    splits = assign_splits(table, job.splits_given, job.fractions, job.seed)
    if job.terms.pseudonym_key is not None:
        ids, groups = (
            [pseudonym(name, job.terms.pseudonym_key) for name in c] for c in (ids, groups)
        )
        sources = [job.source] * len(ids)  # the others may well name the file
    schema = schema_of(job.modality, job.target)
    columns = {
        "id": ids,
        **prepared.content,
        labels.COLUMN: labels.column(table["label"].to_pylist(), job.index),
        "split": words(splits, SPLITS),
        "group": pa.array(groups, pa.string()),
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
    return ExampleRows(rows, left_out, fingerprint(examples), all_read=not transient)


def with_digests(table: pa.Table, content: str) -> pa.Table:
    """Add the column source_sha256: digests of the contents as the source has them."""
    contents = table[content].to_pylist()
    digests = [None if data is None else hashlib.sha256(data).hexdigest() for data in contents]
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
    """A file of data/raw, written; and its rows, without their content."""

    known: KnownPart
    """For the next run."""
    rows: ExampleRows
    is_known: bool
    """Whether an earlier run had made it."""


def make_part(job: IngestJob, folder: Path, number: int, known: KnownPart | None = None) -> RawPart:
    """Make rows and write them, so that no content goes from process to process.

    `known` is what an earlier run made of the same batch.
    """
    path = folder / f"part-{number:05d}.parquet"
    if known is not None and (reused := _reuse(job, known)) is not None:
        rows, data = reused
        if data is not None:
            path.write_bytes(data)
        file = known.file and known.file | {"name": path.name}
        return RawPart(known._replace(file=file), rows, is_known=True)
    rows = make_rows(job)
    file = write_part(folder, number, rows.table) if rows.table.num_rows else None
    md5 = file_digest(path, "md5") if file else None
    made = KnownPart(file, md5, dict(rows.left_out), rows.fingerprint)
    return RawPart(made, _without_content(job, rows), is_known=False)


def look_at(job: IngestJob, known: KnownPart | None = None) -> ExampleRows:
    """Rows without their content, of which no file is written; see `make_part`."""
    reused = _reuse(job, known) if known else None
    return reused[0] if reused else _without_content(job, make_rows(job))


def _reuse(job: IngestJob, known: KnownPart) -> tuple[ExampleRows, bytes | None] | None:
    """Rows without their content, and the bytes of their file, if there is one, of an earlier run;
    None where its file is no longer in DVC's cache."""
    names, data = names_without_content(job.modality, job.target), None
    if known.file is None:
        table = schema_of(job.modality, job.target).empty_table().select(names)
    else:
        data = read_cached(known)
        if data is None:
            return None
        table = pq.read_table(pa.BufferReader(data), columns=names)
    return ExampleRows(table, Counter(known.left_out), known.fingerprint), data


def _without_content(job: IngestJob, rows: ExampleRows) -> ExampleRows:
    return rows._replace(table=rows.table.select(names_without_content(job.modality, job.target)))
