"""What clean tells people, in tables and pictures: what is suspected, repeated, or unlike all."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.clean.annotators import (
    AGREEMENT_COLUMNS,
    ANNOTATOR_COLUMNS,
    QUEUE_COLUMNS,
    agreement,
    agreement_rows,
    annotator_rows,
    relabel_queue,
)
from pipeline.clean.duplicates import COLUMNS, Duplicates, leaks_first, table_of
from pipeline.clean.labels import LabelCheck
from pipeline.clean.ledger import Ledger
from pipeline.dataset.annotations import Annotations, with_given_labels
from pipeline.learning.metrics import confusion_matrix
from pipeline.modalities.images.encode.pixels import Images
from pipeline.modalities.images.show.figures import image_grid
from pipeline.reporting import figures
from pipeline.runtime.stage import Stage

NUM_PICTURED, NUM_PAIRS_PICTURED = 36, 24
MAX_QUEUED = 1000  # after so many new labels it is worth asking what is most worth one now
LEAST_NOISE = 0.001
MAX_DISTANT = 100


def write_label_issues(stage: Stage, rows: Ledger, images: Images) -> None:
    """Suspected labels, the most doubtful first: as a table, as a picture, by pairs of classes."""
    names = rows.classes
    worst = np.flatnonzero(rows.suspected)
    worst = worst[np.argsort(rows.quality[worst], kind="stable")]
    pairs = [(names[rows.given[row]], names[rows.proposed[row]]) for row in worst]
    stage.write_table(
        "reports/label_issues.csv",
        ["id", "split", "given", "proposed", "label_quality"],
        [
            [rows.ids[row], rows.splits[row], *pair, f"{rows.quality[row]:.6f}"]
            for row, pair in zip(worst, pairs, strict=True)
        ],
    )
    image_grid(
        list(images[worst[:NUM_PICTURED]]),
        [f"given {given}\nlooks like {proposed}" for given, proposed in pairs[:NUM_PICTURED]],
        stage.output("reports/label_issues.png"),
        columns=9,
        title=f"{len(worst)} suspected label{'s' * (len(worst) != 1)}, the most doubtful first",
    )
    matrix = confusion_matrix(rows.given[worst], rows.proposed[worst], len(names))
    figures.confusion(
        matrix,
        names,
        stage.output("reports/label_confusion.png"),
        rows="given",
        columns="proposed",
    )
    cells = [[names[a], names[b], int(matrix[a, b])] for a, b in np.argwhere(matrix)]
    stage.write_table("reports/label_confusion.csv", ["given", "proposed", "count"], cells)


def write_duplicates(stage: Stage, rows: Ledger, images: Images, found: Duplicates) -> None:
    """Exact and near duplicates, leaks first: as a table, and pair by pair as a picture."""
    repetitions = leaks_first(found, rows.splits, rows.ids)
    stage.write_table(
        "reports/duplicates.csv",
        COLUMNS,
        table_of(repetitions, rows.splits, rows.ids, rows.reasons),
    )
    shown = [row for r in repetitions[:NUM_PAIRS_PICTURED] for row in (r.row, r.of)]
    image_grid(
        [images[row] for row in shown],
        [f"{rows.splits[row]}\n{rows.classes[rows.given[row]]}" for row in shown],
        stage.output("reports/duplicates.png"),
        columns=8,
        title=f"{len(repetitions)} images repeat another, leaks between splits first",
    )


def write_outliers(stage: Stage, rows: Ledger) -> None:
    """Images that are outliers, the most unusual first; then those that lie farthest off."""
    found = np.flatnonzero(rows.outliers)
    found = found[np.argsort(-rows.unusual[found], kind="stable")]
    others = np.flatnonzero(~rows.outliers & ~np.isnan(rows.distance))
    others = others[np.argsort(-rows.distance[others], kind="stable")][:MAX_DISTANT]
    listed = np.concatenate([found, others])
    stage.write_table(
        "reports/outliers.csv",
        ["id", "split", "label", "outlier", "unusual", "distance"],
        [
            [
                rows.ids[row],
                rows.splits[row],
                rows.classes[rows.given[row]],
                "yes" if rows.outliers[row] else "no",
                f"{rows.unusual[row]:.4f}",
                "" if np.isnan(rows.distance[row]) else f"{rows.distance[row]:.4f}",
            ]
            for row in listed
        ],
    )


def write_annotators(
    stage: Stage,
    rows: Ledger,
    votes: Annotations | None,
    learnt: NDArray[np.int64],
    found: LabelCheck | None,
) -> None:
    """How good annotators are, how far they agree, and what is most worth another label.

    `found` is of the rows `learnt`; without it there is nothing to say but of agreement.
    """
    names = rows.classes
    quality, queue = [ANNOTATOR_COLUMNS], [QUEUE_COLUMNS]
    if found:
        said = with_given_labels(votes.of(learnt) if votes else None, rows.given[learnt])
        queue = relabel_queue(
            [rows.ids[row] for row in learnt.tolist()],
            [rows.splits[row] for row in learnt.tolist()],
            rows.given[learnt],
            said,
            found.posterior,
            found.noise,
            names,
            MAX_QUEUED,
        )
        if votes:
            quality = annotator_rows(said, found.posterior, names)
    stage.write_table("reports/annotators.csv", quality[0], quality[1:])
    stage.write_table("reports/relabel_queue.csv", queue[0], queue[1:])
    agreed = [AGREEMENT_COLUMNS]
    if votes:
        agreed = agreement_rows(agreement(votes.rows, votes.labels, len(names)), names)
    stage.write_table("reports/agreement.csv", agreed[0], agreed[1:])


def write_noise(stage: Stage, rows: Ledger, found: LabelCheck | None) -> None:
    """Estimated share of the examples of each class that have each label."""
    noise = found.noise if found else np.eye(0)
    cells = np.argwhere(noise >= LEAST_NOISE)
    stage.write_table(
        "reports/label_noise.csv",
        ["true", "given", "share"],
        [[rows.classes[a], rows.classes[b], f"{noise[a, b]:.6f}"] for a, b in cells],
    )


def write_report(stage: Stage, rows: Ledger, found: Duplicates, votes: Annotations | None) -> None:
    """What reports/labels.json says."""
    leaks = [r for r in found.repetitions if rows.splits[r.row] != rows.splits[r.of]]
    within = [r for r in found.repetitions if rows.splits[r.row] == rows.splits[r.of]]
    report: dict[str, Any] = {
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
    if votes:
        alpha = agreement(votes.rows, votes.labels, len(rows.classes)).alpha
        report |= {
            "annotators": len(np.unique(votes.annotators)),
            "annotations": len(votes.rows),
        }
        if alpha is not None:
            report["agreement_alpha"] = alpha
    stage.write_report("reports/labels.json", report)
    stage.say(
        ", ".join(f"{value} {key.replace('_', ' ')}" for key, value in list(report.items())[:4])
    )
