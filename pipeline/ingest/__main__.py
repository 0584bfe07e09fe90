"""Ingest: bring the data in, without personal metadata, measured, with provenance and splits.

reads   data/catalog/<dataset>.yaml, the source and annotations that it names,
        data/optout/<dataset>.csv
writes  data/raw/, reports/ingest.json
params  dataset, modality, target, seed, ingest
"""

import shutil
import time
from collections.abc import Iterator
from functools import partial
from operator import call
from pathlib import Path
from typing import Any

from pipeline.dataset.addresses import without_secrets
from pipeline.dataset.catalog import Entry
from pipeline.dataset.privacy import read_opted_out, read_or_make_key, with_pseudonyms
from pipeline.dataset.table import SPLITS, write_index
from pipeline.entry import read_entry
from pipeline.ingest.admission import OPTED_OUT
from pipeline.ingest.annotations import AnnotationSummary, add_annotations
from pipeline.ingest.params import IngestParams, ingest_params
from pipeline.ingest.reuse import KnownParts
from pipeline.ingest.rows import IngestJob, RawPart, job_maker, make_part
from pipeline.ingest.schema import schema_of
from pipeline.ingest.sources.opening import BUILTIN, annotations_of, open_source
from pipeline.ingest.survey import Survey
from pipeline.modalities.opening import open_prepare
from pipeline.modalities.protocols.prepare import Prepare
from pipeline.runtime.errors import SourceError
from pipeline.runtime.process import map_ordered, prepare_workers
from pipeline.runtime.stage import Stage, run_stage
from pipeline.sources.places.trees import UNPACKED_DIR
from pipeline.sources.source import Source
from pipeline.targets.opening import open_labels


def main(stage: Stage[IngestParams]) -> None:
    params, started = stage.params, time.time_ns()
    prepare, labels = open_prepare(params.modality), open_labels(params.target)
    entry = read_entry(params.dataset, params.modality, params.target)
    if not entry.uri.startswith(BUILTIN):
        prepare_workers()  # they start while this process lists the source
    source = open_source(entry, prepare, labels, params.ingest.max_file_mb * 1e6)
    if not source.num_examples:
        raise SourceError(f"{entry.uri} has no examples", fix="check uri in the catalog entry")
    key = read_or_make_key() if params.ingest.pseudonymise else None
    make_job = job_maker(
        entry,
        source,
        params,
        seed=params.seed,
        limits=params.ingest,
        purpose=params.ingest.purpose,
        opted_out=read_opted_out(params.dataset),
        pseudonym_key=key,
    )
    folder = stage.output("data/raw")
    folder.mkdir()
    survey, files = write_parts(stage, source, prepare.NOUN, make_job, folder, started)
    shutil.rmtree(UNPACKED_DIR, ignore_errors=True)
    survey.add_annotations(source.annotations)
    check_against_entry(params.dataset, entry, survey)
    added = None
    if (annotations := source.annotations) is not None:
        if key:
            annotations = with_pseudonyms(annotations, ["id", "annotator"], key)
        added = add_annotations(
            folder,
            files,
            annotations,
            labels,
            source.target,
            has_own_labels=annotations_of(entry) is not None,
        )
        files = added.files
    counts = report(survey, prepare, labels.figures(source.target))
    write_index(
        folder,
        files,
        schema_of(params.modality, params.target),
        dataset=params.dataset,
        license=entry.license,
        modality=params.modality,
        target_kind=params.target,
        target=dict(source.target),
        content=survey.content.index(entry),
        features=dict(prepare.FEATURES),
        counts=counts,
    )
    stage.write_report("reports/ingest.json", counts)
    tell(stage, survey, prepare, labels.describe(source.target))
    if added is not None:
        tell_annotations(stage, added)
    for remark in survey.content.remarks(entry):
        stage.say(remark)


def write_parts(
    stage: Stage[IngestParams],
    source: Source,
    noun: str,
    make_job: "partial[IngestJob]",
    folder: Path,
    started: int,
) -> tuple[Survey, list[dict[str, Any]]]:
    """Write the files of data/raw; what is in them, and what the index says of each.

    The source was listed after `started`, in ns.
    """
    known_parts = KnownParts(stage.params.dataset, make_job.keywords)
    stamps: list[str | None] = []

    def jobs() -> Iterator["partial[RawPart]"]:
        for number, (batch, stamp, known) in enumerate(known_parts.find(source.batches, started)):
            stamps.append(stamp)
            yield partial(make_part, make_job(batch), folder, number, known)

    survey = Survey(stage.params)
    parts: list[RawPart] = []
    with stage.progress_bar(source.num_examples, noun) as bar:
        for part in map_ordered(call, jobs()):
            survey.add(part.rows)
            parts.append(
                part._replace(rows=part.rows._replace(table=part.rows.table.schema.empty_table()))
            )
            bar.update(survey.seen - bar.n)
    assert survey.seen == source.num_examples, "every example of the source is accounted for"
    pairs = zip(stamps, parts, strict=True)
    try:
        known_parts.keep({stamp: p.known for stamp, p in pairs if stamp and p.rows.all_read})
    except OSError as error:
        stage.say(f"the next run will read everything again: the cache cannot be written ({error})")
    if num_known := sum(part.is_known for part in parts):
        stage.say(f"{num_known} of {len(parts)} parts of the source are as before")
    return survey, [part.known.file for part in parts if part.known.file]


def check_against_entry(name: str, entry: Entry, survey: Survey) -> None:
    """Stop when the data are not those of the entry, or none of them may be used.

    Raises:
        SourceError: see above.
    """
    if entry.fingerprint not in (None, survey.fingerprint_hex):
        annotations = annotations_of(entry)
        also = f" with {without_secrets(annotations)}" if annotations else ""
        raise SourceError(
            f"the data at {entry.uri}{also} are not those that the catalog entry was written for: "
            f"they have the fingerprint {survey.fingerprint_hex}, expected {entry.fingerprint}",
            fix=f"bring those back, or accept these: groundwork add {name}",
        )
    if not survey.examples:
        reason, number = survey.left_out.most_common(1)[0]
        raise SourceError(
            f"no example of {name} may be used: {number} are {reason}",
            fix="see purposes in the catalog entry, ingest.purpose, and data/optout",
        )


def tell_annotations(stage: Stage[IngestParams], added: AnnotationSummary) -> None:
    """Say what became of several people's labels."""
    stage.say(f"{added.labels} labels by {added.annotators} annotators")
    if added.filled:
        stage.say(f"{added.filled} examples without a label have that of most annotators")
    if added.unknown_labels:
        stage.say(
            f"passed over {added.unknown_labels} labels of {added.unknown_ids} ids that are not "
            "in data/raw"
        )


def tell(stage: Stage[IngestParams], survey: Survey, prepare: Prepare, labels: str) -> None:
    """Say what came in and what did not."""
    counts = ", ".join(f"{survey.splits[split]} {split}" for split in SPLITS)
    stage.say(f"{survey.examples} examples of {labels}: {counts}")
    for kind, number in sorted(survey.metadata.items()):
        stage.say(f"removed {kind} metadata from {number} examples")
    for reason, number in sorted(survey.left_out.items()):
        stage.say(f"left out {number} examples: {reason}")
    if survey.problems:
        stage.say(f"{survey.problems.total()} examples are unreadable; validate lists them")


def report(survey: Survey, prepare: Prepare, of_labels: dict[str, int]) -> dict[str, int]:
    """What reports/ingest.json says."""
    return {
        "examples": survey.examples,
        **{split: survey.splits[split] for split in SPLITS},
        **of_labels,
        "unreadable": survey.problems.total(),
        "opted_out": survey.left_out[OPTED_OUT],
        "other_purpose": survey.left_out.total() - survey.left_out[OPTED_OUT],
        **{f"with_{kind}": survey.metadata[kind] for kind in prepare.METADATA},
    }


if __name__ == "__main__":
    run_stage("ingest", main, ingest_params)
