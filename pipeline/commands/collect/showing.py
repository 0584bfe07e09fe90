"""What was chosen, in the form that the review page reads: examples, and a queue of them."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipeline.commands.collect.choosing import RANDOM, TRUTH, Candidates
from pipeline.dataset.review.queue import QUEUE, REVIEW_QUEUE_SCHEMA
from pipeline.dataset.served.ids import id_of
from pipeline.dataset.table import write_index, write_part
from pipeline.dataset.tables import write_tables
from pipeline.modalities.opening import open_show
from pipeline.serving.model import Model
from pipeline.targets.opening import open_labels

EXAMPLES, FINDINGS = "examples", "findings"


def examples_of(model: Model, contents: Sequence[bytes], digests: Sequence[str]) -> pa.Table:
    """Contents as rows of data/raw have them, as far as the page shows them."""
    show, labels = open_show(model.modality), open_labels(str(model.graph.about["target_kind"]))
    prepared = model.requests.prepare(contents, model.limits)
    columns: dict[str, Any] = {
        "id": pa.array(map(id_of, digests), pa.string()),
        labels.COLUMN: labels.column([None] * len(contents), model.target),
    }
    known = prepared.content | prepared.measured
    columns |= {
        name: pa.array(known[name]) for name in (*show.CONTENT, *show.SHOWN) if name in known
    }
    return pa.table(columns)


def write_examples(folder: Path, table: pa.Table, dataset: str, modality: str) -> None:
    folder.mkdir(parents=True)
    file = write_part(folder, 0, table)
    write_index(folder, [file], table.schema, dataset=dataset, modality=modality)


def write_queue(
    folder: Path,
    candidates: Candidates,
    chosen: Mapping[int, str],
    digests: Sequence[str],
    model: Model,
    dataset: str,
    *,
    has_probabilities: bool,
) -> None:
    """Write the queue of the page; `digests` are of all candidates."""
    rows = [_row(candidates, row, why, digests[row]) for row, why in chosen.items()]
    if not has_probabilities:
        rows = [row | {"label_quality": None} for row in rows]
    names = REVIEW_QUEUE_SCHEMA.names
    table = pa.table(
        {name: [row[name] for row in rows] for name in names}, schema=REVIEW_QUEUE_SCHEMA
    )
    folder.mkdir(parents=True)
    kind = str(model.graph.about["target_kind"])
    about = {"modality": model.modality, "target_kind": kind, "target": dict(model.target)}
    write_tables(folder, {QUEUE: table}, dataset=dataset, **about)


def replace_folder(folder: Path) -> None:
    """An empty folder in place of what was chosen before."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)


def _row(candidates: Candidates, row: int, why: str, digest: str) -> dict[str, Any]:
    said, truth = str(candidates.said[row]), candidates.truths[row]
    proposed, judges, reasons = said, "models", ["label"]
    votes: list[dict[str, Any]] = []
    if why == TRUTH and truth is not None:
        proposed, judges, reasons = truth, "people", ["annotators"]
        votes = [{"label": truth, "count": 1}]
    elif candidates.others is not None:
        proposed = str(candidates.others[row])
    quality = None if candidates.confidence is None else float(candidates.confidence[row])
    return {
        "id": id_of(digest),
        "split": "train",
        "given": said,
        "proposed": proposed,
        "judges": judges,
        "confidence": None,
        "label_quality": quality,
        "reasons": [] if why == RANDOM else reasons,
        "votes": votes,
        "like": None,
        "like_split": None,
        "like_label": None,
        "neighbours": [],
    }
