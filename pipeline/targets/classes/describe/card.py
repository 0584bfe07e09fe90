"""The part of the data card on classes."""

from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa

from pipeline.dataset.table import SPLITS, count
from pipeline.reporting.markdown import as_table, plain
from pipeline.targets.protocols.labels import TargetIndex

MAX_CLASSES_LISTED = 100


def counts(table: pa.Table, index: TargetIndex) -> Iterator[str]:
    by_class_and_split = count(table, "label", "split")
    of_class = {
        name: [by_class_and_split.get((name, split), 0) for split in SPLITS]
        for name in index["classes"]
    }
    totals = [sum(row) for row in of_class.values()]
    yield (
        f"{table.num_rows:,} examples of {len(of_class)} classes. The largest class has "
        f"{max(totals):,}, the smallest {min(totals):,}."
    )
    yield ""
    shown = list(of_class.items())[:MAX_CLASSES_LISTED]
    rows = [[plain(name), *row, sum(row)] for name, row in shown]
    if len(of_class) > len(shown):
        rest = list(of_class.values())[MAX_CLASSES_LISTED:]
        sums = [sum(column) for column in zip(*rest, strict=True)]
        rows.append([f"{len(rest)} more classes", *sums, sum(sums)])
    whole = [sum(column) for column in zip(*of_class.values(), strict=True)]
    rows.append(["**all**", *whole, sum(whole)])
    yield from as_table(["class", *SPLITS, "all"], rows)


def label_check(labels: Mapping[str, Any]) -> Iterator[str]:
    if "label_issues" in labels:
        yield f"- suspected wrong labels: {labels['label_issues']:,}"
    yield f"- given another label: {labels['relabelled']:,}"
    yield f"- decided by people: {labels['decisions']:,}"
    if "estimated_noise_rate" in labels:
        yield f"- estimated share of wrong labels: {labels['estimated_noise_rate']:.1%}"
    yield from reliability(labels)


def reliability(labels: Mapping[str, Any]) -> Iterator[str]:
    """Lines on the reliability of the label check's models; none without models."""
    if "out_of_fold_accuracy" not in labels:
        return
    yield (
        f"- models are right on {labels['out_of_fold_accuracy']:.1%} of labels that they have not "
        f"seen; always naming the largest class is right on {labels['guessing_accuracy']:.1%}"
    )
    if labels["label_check_trusted"]:
        yield f"- of the suspected labels some {labels['suspects_wrong']:.0%} are wrong"
    elif labels.get("label_issues"):
        yield (
            "- suspected labels that several people do not confirm count as they are: what models "
            "suspect here may be mistakes of their own"
        )
