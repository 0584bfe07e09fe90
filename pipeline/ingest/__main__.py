"""Ingest: bring the data in, without personal metadata, measured, with provenance and splits.

reads   data/catalog/<dataset>.yaml, the source and annotations that it names,
        data/collected/<dataset>.parquet, data/optout/<dataset>.csv
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

from pipeline.dataset.catalog import Entry
from pipeline.dataset.privacy import read_opted_out, read_or_make_key, with_pseudonyms
from pipeline.dataset.table import SPLITS, write_index
from pipeline.entry import read_entry
from pipeline.ingest.account import account, figures, of_splits, print_account
from pipeline.ingest.annotations import AnnotationSummary, add_annotations, move_to_pool
from pipeline.ingest.collected import open_with_collected
from pipeline.ingest.params import IngestParams, ingest_params
from pipeline.ingest.refusals import refuse_data, refuse_source
from pipeline.ingest.reuse import KnownParts
from pipeline.ingest.rows import IngestJob, RawPart, job_maker, make_part, options_of
from pipeline.ingest.schema import schema_of
from pipeline.ingest.sources.opening import BUILTIN, annotations_of
from pipeline.ingest.survey import Survey
from pipeline.modalities.opening import open_prepare
from pipeline.modalities.protocols.prepare import Prepare
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
    max_bytes = params.ingest.max_file_mb * 1e6
    source = open_with_collected(entry, params.dataset, prepare, labels, max_bytes)
    refuse_source(entry, source, prepare, labels)
    key = read_or_make_key() if params.ingest.pseudonymise else None
    make_job = job_maker(
        params.dataset,
        entry,
        source,
        params,
        seed=params.seed,
        limits=params.ingest,
        purpose=params.ingest.purpose,
        opted_out=read_opted_out(params.dataset),
        pseudonym_key=key,
    )
    clock = make_job.keywords["clock"]
    schema = schema_of(
        params.modality, params.target, clock.type if clock else None, tuple(entry.slices)
    )
    folder = stage.output("data/raw")
    folder.mkdir()
    survey, files, pool = write_parts(stage, source, prepare.NOUN, make_job, folder, started)
    shutil.rmtree(UNPACKED_DIR, ignore_errors=True)
    survey.add_annotations(source.annotations)
    refuse_data(params.dataset, entry, survey, labels)
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
        files, pool, moved = move_to_pool(folder, added.files, pool, labels.COLUMN)
        survey.move_to_pool(moved)
    counts = report(survey, source, prepare, labels.figures(source.target))
    write_index(
        folder,
        files,
        schema,
        dataset=params.dataset,
        license=entry.license,
        modality=params.modality,
        target_kind=params.target,
        target=dict(source.target),
        content=content_index(entry, source, survey, params.modality),
        features=dict(prepare.FEATURES),
        counts=counts,
        pool=pool,
        **of_split(entry, source),
        **noticed(source),
    )
    stage.write_report("reports/ingest.json", counts)
    tell(stage, survey, source, labels.describe(source.target))
    if added is not None:
        tell_annotations(stage, added)
    effects = of_splits(entry, survey, parts_groups=source.parts_groups)
    for remark in (*effects, *survey.content.remarks(entry)):
        stage.say(remark)
    if stage.writes:
        print_account(account(survey, source.beside))


def of_split(entry: Entry, source: Source) -> dict[str, Any]:
    """Return the keys of the index about the split.

    `split` is the rule if time decides; clean makes its folds by it. `parts_groups` says that
    groups are in several splits by intent.
    """
    rule = entry.split.model_dump(exclude_defaults=True)
    keys: dict[str, Any] = {"split": rule} if entry.split.by == "time" else {}
    if source.parts_groups:
        keys["parts_groups"] = True
    return keys


def noticed(source: Source) -> dict[str, Any]:
    """Return the choices and doubts about the source as sentences, for the card."""
    sentences = [*source.notes, *source.doubts]
    return {"noticed": sentences} if sentences else {}


def content_index(entry: Entry, source: Source, survey: Survey, modality: str) -> dict[str, Any]:
    """Return the properties that all contents share, and how they are read."""
    options = options_of(entry, source, modality)
    return survey.content.index(entry) | ({"options": options} if options else {})


def write_parts(
    stage: Stage[IngestParams],
    source: Source,
    noun: str,
    make_job: "partial[IngestJob]",
    folder: Path,
    started: int,
) -> tuple[Survey, list[dict[str, Any]], list[dict[str, Any]]]:
    """Write the files of data/raw.

    Args:
        started: time in ns before the source was listed.

    Returns:
        A survey of all rows; the index records of the files of examples; those of the pool's files.
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
            no_rows = part.rows.table.schema.empty_table()
            parts.append(part._replace(rows=part.rows._replace(table=no_rows, pool=no_rows)))
            bar.update(survey.seen - bar.n)
    assert survey.seen == source.num_examples, "every example of the source is accounted for"
    pairs = zip(stamps, parts, strict=True)
    try:
        known_parts.keep({stamp: p.known for stamp, p in pairs if stamp and p.rows.all_read})
    except OSError as error:
        stage.say(f"the next run will read everything again: the cache cannot be written ({error})")
    if num_known := sum(part.is_known for part in parts):
        stage.say(f"{num_known} of {len(parts)} parts of the source are as before")
    of_parts, of_pool = zip(*(part.known.files for part in parts), strict=True)
    return survey, [file for file in of_parts if file], [file for file in of_pool if file]


def tell_annotations(stage: Stage[IngestParams], added: AnnotationSummary) -> None:
    """Report how many labels of annotators were taken, and how many were not."""
    stage.say(f"{added.labels} labels by {added.annotators} annotators")
    if added.filled:
        stage.say(f"{added.filled} examples without a label have that of most annotators")
    if added.unknown_labels:
        stage.say(
            f"passed over {added.unknown_labels} labels of {added.unknown_ids} ids that are not "
            "in data/raw"
        )


def tell(stage: Stage[IngestParams], survey: Survey, source: Source, labels: str) -> None:
    """Report what was taken, what was left out, and the choices about the source."""
    counts = ", ".join(f"{survey.splits[split]} {split}" for split in SPLITS)
    stage.say(f"{survey.examples} examples of {labels}: {counts}")
    for sentence in (*source.notes, *source.doubts):
        stage.say(sentence)
    for kind, number in sorted(survey.metadata.items()):
        stage.say(f"removed {kind} metadata from {number} examples")
    for reason, number in sorted(survey.left_out.items()):
        stage.say(f"left out {number} examples: {reason}")
    if survey.problems:
        stage.say(f"{survey.problems.total()} examples are unreadable; validate lists them")


def report(
    survey: Survey, source: Source, prepare: Prepare, of_labels: dict[str, int]
) -> dict[str, int]:
    """Return the content of reports/ingest.json."""
    return {
        "examples": survey.examples,
        **{split: survey.splits[split] for split in SPLITS},
        **of_labels,
        "unreadable": survey.problems.total(),
        **figures(survey, source.beside),
        **{f"with_{kind}": survey.metadata[kind] for kind in prepare.METADATA},
    }


if __name__ == "__main__":
    run_stage("ingest", main, ingest_params)
