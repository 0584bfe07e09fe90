"""The findings of clean as tables of data/findings and figures of reports/labels.json."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from pipeline.clean.duplicates import Duplicates, Repetition
from pipeline.clean.ledger import Ledger
from pipeline.clean.unjudged import could_not_judge
from pipeline.dataset.annotations import Annotations
from pipeline.dataset.findings import SCHEMAS, UNLABELLED, table_of
from pipeline.dataset.table import read_tables

MAX_DISTANT = 100

Figure = int | float | bool | str


def suspected_table(rows: Ledger) -> pa.Table:
    """Suspected labels, the most doubtful first."""
    worst = np.flatnonzero(rows.suspected)
    worst = worst[np.argsort(rows.quality[worst], kind="stable")]
    labels = zip(rows.text(rows.given[worst]), rows.text(rows.proposed[worst]), strict=True)
    return table_of(
        SCHEMAS["suspected"],
        [
            (
                rows.ids[row],
                rows.splits[row],
                given,
                proposed,
                float(rows.quality[row]),
            )
            for row, (given, proposed) in zip(worst, labels, strict=True)
        ],
    )


def duplicates_table(rows: Ledger, repetitions: Sequence[Repetition]) -> pa.Table:
    """Repetitions across splits, then those within one; the most similar first."""
    ordered = sorted(
        repetitions,
        key=lambda r: (rows.splits[r.row] == rows.splits[r.of], -r.similarity, rows.ids[r.row]),
    )
    return table_of(
        SCHEMAS["duplicates"],
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
    """Outliers, the most unusual first; then the examples farthest from all others."""
    found = np.flatnonzero(rows.outliers)
    found = found[np.argsort(-rows.unusual[found], kind="stable")]
    others = np.flatnonzero(~rows.outliers & ~np.isnan(rows.distance))
    others = others[np.argsort(-rows.distance[others], kind="stable")][:MAX_DISTANT]
    return table_of(
        SCHEMAS["outliers"],
        [
            (
                rows.ids[row],
                rows.splits[row],
                rows.text(rows.given[[row]])[0] if rows.labelled[row] else None,
                bool(rows.outliers[row]),
                None if np.isnan(rows.unusual[row]) else float(rows.unusual[row]),
                None if np.isnan(rows.distance[row]) else float(rows.distance[row]),
            )
            for row in np.concatenate([found, others])
        ],
    )


def pool_table(raw: Path) -> pa.Table:
    """Examples of data/raw without a label."""
    rows = [
        (row["id"], row["problem"] or UNLABELLED)
        for table in read_tables(raw, ["id", "problem"], "pool")
        for row in table.to_pylist()
    ]
    return table_of(SCHEMAS["pool"], rows)


def summary(
    rows: Ledger, duplicates: Duplicates, annotations: Annotations | None
) -> dict[str, Figure]:
    """The content of reports/labels.json; the counts and the noise rate are its contract.

    A figure that could not be judged is left out; `could_not_judge` gives the reason.
    """
    leaks = [r for r in duplicates.repetitions if rows.splits[r.row] != rows.splits[r.of]]
    within = [r for r in duplicates.repetitions if rows.splits[r.row] == rows.splits[r.of]]
    in_test = rows.split_of("test")
    found: dict[str, Figure | None] = {
        "examples": int(rows.kept.sum()),
        "duplicates": sum(r.kind == "exact" for r in within),
        "leaks": len(leaks),
        "label_issues": int(rows.suspected.sum()) if rows.judged.any() else None,
        "label_issues_in_test": (
            int((rows.suspected & in_test).sum()) if (rows.judged & in_test).any() else None
        ),
        "sure_label_issues": int(rows.sure.sum()) if rows.judged.any() else None,
        "decisions": len(rows.decided),
        "relabelled": int((rows.kept & (rows.labels != rows.given)).sum()),
        "removed": int((~rows.kept).sum()),
        "estimated_noise_rate": rows.noise_rate,
        "near_duplicates": sum(r.kind == "near" for r in within),
        "near_leaks": sum(r.kind == "near" for r in leaks),
        "outliers": int(rows.outliers.sum()) if rows.compared else None,
        **_of_reliability(rows),
    }
    if not rows.near_compared:
        found |= {"near_duplicates": None, "near_leaks": None}
    of_people: dict[str, Figure] = {**rows.noise.summary(annotations, rows.target)}
    no_agreement = annotations is not None and "agreement_alpha" not in of_people
    if reasons := list(could_not_judge(rows, no_agreement=no_agreement)):
        of_people["could_not_judge"] = "; ".join(reasons)
    return {key: value for key, value in found.items() if value is not None} | of_people


def _of_reliability(rows: Ledger) -> dict[str, Figure]:
    """Figures on the reliability of the label check's models."""
    relied = rows.reliability
    if relied is None:
        return {}
    figures: dict[str, Figure] = {
        "out_of_fold_accuracy": relied.out_of_fold_accuracy,
        "guessing_accuracy": relied.guessing,
        "label_check_trusted": relied.trusted,
    }
    if relied.trusted:  # otherwise the estimate may be far too low
        figures["suspects_wrong"] = relied.suspects_wrong
    return figures
