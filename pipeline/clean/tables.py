"""What clean found, as the tables of data/findings and the figures of reports/labels.json."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.clean.annotators import agreement, agreement_table, annotator_table, relabel_queue
from pipeline.clean.duplicates import Duplicates, Repetition
from pipeline.clean.labels import LabelCheck
from pipeline.clean.ledger import Ledger
from pipeline.dataset.annotations import Annotations, with_given_labels
from pipeline.dataset.findings import table_of

MAX_QUEUED = 1000  # after so many new labels it is worth asking what is most worth one now
LEAST_NOISE = 0.001
MAX_DISTANT = 100


def suspected_table(rows: Ledger) -> pa.Table:
    """Suspected labels, the most doubtful first."""
    names = rows.classes
    worst = np.flatnonzero(rows.suspected)
    worst = worst[np.argsort(rows.quality[worst], kind="stable")]
    return table_of(
        "suspected",
        [
            (
                rows.ids[row],
                rows.splits[row],
                names[rows.given[row]],
                names[rows.proposed[row]],
                float(rows.quality[row]),
            )
            for row in worst
        ],
    )


def duplicates_table(rows: Ledger, repetitions: Sequence[Repetition]) -> pa.Table:
    """Repetitions across splits, then those within one; the most similar first."""
    ordered = sorted(
        repetitions,
        key=lambda r: (rows.splits[r.row] == rows.splits[r.of], -r.similarity, rows.ids[r.row]),
    )
    return table_of(
        "duplicates",
        [
            (
                rows.ids[r.row],
                rows.splits[r.row],
                r.kind,
                rows.ids[r.of],
                rows.splits[r.of],
                r.similarity,
                r.row in rows.removed,
            )
            for r in ordered
        ],
    )


def outliers_table(rows: Ledger) -> pa.Table:
    """Outliers, the most unusual first; then what lies farthest from all others."""
    found = np.flatnonzero(rows.outliers)
    found = found[np.argsort(-rows.unusual[found], kind="stable")]
    others = np.flatnonzero(~rows.outliers & ~np.isnan(rows.distance))
    others = others[np.argsort(-rows.distance[others], kind="stable")][:MAX_DISTANT]
    return table_of(
        "outliers",
        [
            (
                rows.ids[row],
                rows.splits[row],
                rows.classes[rows.given[row]] if rows.given[row] >= 0 else None,
                bool(rows.outliers[row]),
                float(rows.unusual[row]),
                None if np.isnan(rows.distance[row]) else float(rows.distance[row]),
            )
            for row in np.concatenate([found, others])
        ],
    )


def noise_table(rows: Ledger, check: LabelCheck | None) -> pa.Table:
    """Estimated share of the examples of each class that have each label."""
    noise = check.noise if check else np.eye(0)
    cells = np.argwhere(noise >= LEAST_NOISE)
    return table_of(
        "noise", [(rows.classes[a], rows.classes[b], float(noise[a, b])) for a, b in cells]
    )


def people_tables(
    rows: Ledger,
    annotations: Annotations | None,
    learnt: NDArray[np.int64],
    check: LabelCheck | None,
) -> dict[str, pa.Table]:
    """How good annotators are, how far they agree, and what is most worth another label.

    `check` is of the rows `learnt`; without it there is nothing to say but of agreement.
    """
    names = rows.classes
    tables = {name: table_of(name, []) for name in ("annotators", "agreement", "relabel_queue")}
    if check:
        of_learnt = annotations.of(learnt) if annotations else None
        everybody = with_given_labels(of_learnt, rows.given[learnt])
        tables["relabel_queue"] = relabel_queue(
            [rows.ids[row] for row in learnt.tolist()],
            [rows.splits[row] for row in learnt.tolist()],
            rows.given[learnt],
            everybody,
            check.posterior,
            check.noise,
            names,
            MAX_QUEUED,
        )
        if annotations:
            tables["annotators"] = annotator_table(everybody, check.posterior, names)
    if annotations:
        agreed = agreement(annotations.rows, annotations.labels, len(names))
        tables["agreement"] = agreement_table(agreed, names)
    return tables


def summary(
    rows: Ledger, duplicates: Duplicates, annotations: Annotations | None
) -> dict[str, int | float]:
    """What reports/labels.json says; the first seven and the noise rate are its contract."""
    leaks = [r for r in duplicates.repetitions if rows.splits[r.row] != rows.splits[r.of]]
    within = [r for r in duplicates.repetitions if rows.splits[r.row] == rows.splits[r.of]]
    found: dict[str, int | float] = {
        "examples": int(rows.kept.sum()),
        "duplicates": sum(r.kind == "exact" for r in within),
        "leaks": len(leaks),
        "label_issues": int(rows.suspected.sum()),
        "label_issues_in_test": int((rows.suspected & rows.split_of("test")).sum()),
        "decisions": len(rows.decided),
        "relabelled": int((rows.kept & (rows.labels != rows.given)).sum()),
        "removed": int((~rows.kept).sum()),
        "estimated_noise_rate": rows.noise_rate,
        "near_duplicates": sum(r.kind == "near" for r in within),
        "near_leaks": sum(r.kind == "near" for r in leaks),
        "outliers": int(rows.outliers.sum()),
    }
    if annotations:
        alpha = agreement(annotations.rows, annotations.labels, len(rows.classes)).alpha
        found |= {
            "annotators": len(np.unique(annotations.annotators)),
            "annotations": len(annotations.rows),
        }
        if alpha is not None:
            found["agreement_alpha"] = alpha
    return found
