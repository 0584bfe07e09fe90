"""What the data card says of classes."""

from collections.abc import Iterator, Mapping

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


def label_check(labels: Mapping[str, float]) -> Iterator[str]:
    yield f"- suspected wrong labels: {labels['label_issues']:,}"
    yield f"- given another label: {labels['relabelled']:,}"
    yield f"- decided by people: {labels['decisions']:,}"
    yield f"- estimated share of wrong labels: {labels['estimated_noise_rate']:.1%}"
