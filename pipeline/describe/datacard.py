"""The dataset card: content, origin, and what was left out and why.

Its sections follow Datasheets for Datasets (Gebru et al. 2018); its head is that of a dataset card
on the Hugging Face Hub, so that it can be published as it is. Same inputs, same bytes.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.dataset.catalog import Entry
from pipeline.dataset.findings import DROPPED, DUPLICATE, LABEL, LEAK, OUTLIER, UNUSABLE
from pipeline.modalities.protocols.show import Show
from pipeline.reporting.markdown import as_table, code, plain, quoted
from pipeline.targets.protocols.describe import Describe
from pipeline.targets.protocols.labels import TargetIndex

QUANTILES = {0.0: "least", 0.05: "5 %", 0.5: "median", 0.95: "95 %", 1.0: "most"}
MAX_SOURCES_LISTED = 10
MAX_DETAILS = 10
REASONS = {
    UNUSABLE: "cannot be used: {}",
    DUPLICATE: "duplicate of another example",
    LEAK: "repeats an example of another split",
    DROPPED: "taken out by a person",
    LABEL: "suspected to have a wrong label",
    OUTLIER: "outlier",
}


@dataclass(frozen=True)
class Facts:
    """The inputs of the card."""

    dataset: str
    entry: Entry
    uri: str
    """The source, without secrets."""
    target_index: TargetIndex
    table: pa.Table
    """data/clean, with the columns of `columns_of`."""
    removed: pa.Table
    """Removed examples, with the columns reason and detail; see findings.py."""
    ingest: Mapping[str, int]
    """Counts of ingest, as in reports/ingest.json."""
    labels: Mapping[str, Any]
    """Counts of clean, as in reports/labels.json."""
    noticed: Sequence[str] = ()
    """Sentences of ingest about the source."""
    unjudged: Sequence[tuple[str, str]] = ()
    """Checks of validate that could not be judged, each with the reason."""
    parts_groups: bool = False
    """Whether groups are in several splits by intent, as users are."""


def columns_of(show: Show, target: Describe) -> list[str]:
    """Return the columns of data/clean that the card reads."""
    label, _ = target.FIELDS
    return ["id", label, "split", "group", "source", "license", "purposes", *measured(show)]


def measured(show: Show) -> list[str]:
    """Return the measurements that the card shows."""
    return [name for name, words in show.WORDS.items() if words.in_card]


def write_card(facts: Facts, show: Show, target: Describe) -> str:
    """Return the card as Markdown."""
    title = facts.entry.title or facts.dataset
    task = f"{show.HUB_MODALITY}-{target.TASK}"
    lines = [*head(facts, title, task), "", f"# {plain(title)}", ""]
    if facts.entry.description:
        lines += [plain(facts.entry.description), ""]
    picture, caption = target.SHEET
    lines += [f"![{caption}](data/{picture}.png)", ""]
    for heading, body in (
        ("What is in it", target.counts(facts.table, facts.target_index)),
        ("Measurements", measurements(facts.table, show)),
        ("Where it comes from", provenance(facts)),
        ("What was left out", left_out(facts)),
        ("Labels", target.label_check(facts.labels)),
        ("What could not be judged", could_not_judge(facts)),
        ("Personal data", personal_data(facts, show)),
        ("Splits", splits(facts)),
    ):
        lines += [f"## {heading}", "", *body, ""]
    return "\n".join(lines).rstrip() + "\n"


def head(facts: Facts, title: str, task: str) -> Iterator[str]:
    number = facts.table.num_rows
    size = next((name for limit, name in SIZE_CATEGORIES if number < limit), "n>1M")
    yield "---"
    yield f"pretty_name: {quoted(title)}"
    yield f"license: {quoted(facts.entry.license.lower())}"
    yield f"task_categories: [{task}]"
    yield f'size_categories: ["{size}"]'
    yield "---"


SIZE_CATEGORIES = [
    (1_000, "n<1K"),
    (10_000, "1K<n<10K"),
    (100_000, "10K<n<100K"),
    (1_000_000, "100K<n<1M"),
]


def measurements(table: pa.Table, show: Show) -> Iterator[str]:
    rows = []
    for name in measured(show):
        values = np.asarray(table[name].combine_chunks(), np.float64)
        quantiles = np.quantile(values, list(QUANTILES))
        rows.append([show.WORDS[name].title, *(f"{value:.4g}" for value in quantiles)])
    yield from as_table(["", *QUANTILES.values()], rows)


def provenance(facts: Facts) -> Iterator[str]:
    entry = facts.entry
    yield f"- source: {code(facts.uri)}"
    sources = counted(facts.table["source"])
    if len(sources) > 1:
        yield f"- of {len(sources):,} sources: " + listed(sources, MAX_SOURCES_LISTED)
    yield f"- licence: {listed(counted(facts.table['license']), MAX_SOURCES_LISTED)}"
    purposes = counted(pc.fill_null(facts.table["purposes"].cast(pa.string()), "any purpose"))
    yield f"- may be used for: {listed(purposes, MAX_SOURCES_LISTED)}"
    if entry.homepage:
        yield f"- homepage: <{entry.homepage}>"
    if entry.citation:
        yield f"- to cite: {plain(entry.citation)}"
    if facts.noticed:
        yield "- noticed when it was read:"
        yield from (f"  - {plain(sentence)}" for sentence in facts.noticed)


def left_out(facts: Facts) -> Iterator[str]:
    rows: list[list[object]] = [
        ["opted out by the people concerned", facts.ingest["opted_out"]],
        ["may not be used for the purpose of this run", facts.ingest["other_purpose"]],
    ]
    reasons, details = (facts.removed[name].to_pylist() for name in ("reason", "detail"))
    counts = Counter(zip(reasons, details, strict=True)).most_common()
    for reason, words in REASONS.items():
        details_of = [(detail, number) for (name, detail), number in counts if name == reason]
        rows += [
            [words.format(plain(detail or "")), number]
            for detail, number in details_of[:MAX_DETAILS]
        ]
        if more := details_of[MAX_DETAILS:]:
            number = sum(number for _, number in more)
            rows.append([words.format(f"{len(more)} further reasons"), number])
    rows = [[reason, number] for reason, number in rows if number]
    if rows:
        yield from as_table(["reason", "examples"], rows)
    else:
        yield "Nothing."


def could_not_judge(facts: Facts) -> Iterator[str]:
    lines = [f"{check}: {reason}" for check, reason in facts.unjudged]
    if of_labels := facts.labels.get("could_not_judge"):
        lines += of_labels.split("; ")
    yield from (f"- {plain(line)}" for line in lines)
    if not lines:
        yield "Nothing: every check had enough to go by."


def personal_data(facts: Facts, show: Show) -> Iterator[str]:
    yield from show.privacy(
        {
            key.removeprefix("with_"): number
            for key, number in facts.ingest.items()
            if key.startswith("with_") and number
        }
    )


def splits(facts: Facts) -> Iterator[str]:
    rule = facts.entry.split
    groups = pc.count_distinct(facts.table["group"]).as_py()
    if rule.by == "time":
        yield (
            f"Splits of the source are kept. What it lacks is split by time: val begins at "
            f"{rule.val}, test at {rule.test}. Examples before a split by less than the horizon "
            f"({rule.horizon}) and the embargo ({rule.embargo}) are left out: "
            f"{facts.ingest.get('out_of_split', 0):,}."
        )
        parted = facts.ingest.get("groups_in_several_splits", 0)
        if groups:
            yield f"Of {groups:,} groups {parted:,} are in several splits, since time decides."
        return
    if rule.by == "last" or (rule.by is None and facts.parts_groups):
        yield (
            "Splits of the source are kept. What it lacks are the last examples of each user: "
            f"{rule.num_last('test')} for test, {rule.num_last('val')} before those for val."
        )
        return
    val, test = rule.shares
    yield (
        "Splits of the source are kept. What it lacks is drawn by a hash of the seed and the "
        f"example's group or id: {val:.0%} for val, {test:.0%} for test."
    )
    if groups and not facts.parts_groups:
        yield f"The {groups:,} groups are never parted."


def counted(column: pa.ChunkedArray) -> list[tuple[str, int]]:
    """Return the values with their counts, the most frequent first."""
    counts = Counter(column.drop_null().to_pylist())
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def listed(counts: Sequence[tuple[str, int]], most: int) -> str:
    shown = ", ".join(f"{code(name)} ({number:,})" for name, number in counts[:most])
    return shown + (f" and {len(counts) - most:,} more" if len(counts) > most else "")
