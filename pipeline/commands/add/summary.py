"""The summary of a source: its content, suspicious things, decisions for a person."""

from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.dataset.table import SPLITS
from pipeline.describe.licenses import LIST, OWN, USUAL, advice
from pipeline.ingest.survey import Survey
from pipeline.runtime.errors import one_line
from pipeline.sources.source import Source
from pipeline.targets.protocols.labels import Labels


def print_summary(source: Source, labels: Labels, survey: Survey, oddities: list[str]) -> None:
    splits = ", ".join(split for split in SPLITS if split in source.splits)
    print(f"{source.kind}: {survey.examples} examples of {labels.describe(source.target)}")
    print(f"splits of its own: {splits or 'none'}")
    for line in survey.labels.summary(source.target):
        print(one_line(f"  {line}"))
    print(one_line(survey.content.summary()))
    if source.annotations is not None:
        print(of_annotators(source.annotations))
    print_list("noted", source.notes)
    print_list("suspicious", oddities)


def print_list(title: str, lines: Iterable[str]) -> None:
    """Print the lines below their title; nothing if there are none."""
    for number, line in enumerate(lines):
        if number == 0:
            print(f"{title}:")
        print(one_line(f"  - {line}"))


def of_annotators(annotations: pa.Table) -> str:
    """Number of labels by people, and how often two of them agree on one example.

    Args:
        annotations: columns id, annotator, label.
    """
    people = len(pc.unique(annotations["annotator"]))
    by_label = annotations.group_by(["id", "label"]).aggregate([([], "count_all")])
    votes = by_label["count_all"].to_numpy().astype(np.float64)
    examples = by_label["id"].combine_chunks().dictionary_encode().indices.to_numpy()
    totals = np.bincount(examples, votes)
    agreeing = np.bincount(examples, votes * (votes - 1))
    several = totals > 1
    text = f"{annotations.num_rows} labels by {people} people"
    if not several.any():
        return text
    agreement = (agreeing[several] / (totals * (totals - 1))[several]).mean()
    return f"{text}; two of them agree on {agreement:.2f} of the examples that both labelled"


def decisions(license: str | None, source: Source, survey: Survey) -> Iterator[str]:
    """Yield decisions for a person."""
    if license is None:
        yield (
            "license: under which terms do you hold the data? Nothing is ingested without; such as "
            f"{', '.join(USUAL[:3])} or another of {LIST}, or {OWN}NAME for terms of your own"
        )
    elif text := advice(license):
        yield f"license: {text}"
    yield "purposes: what may the data be used for? (ingest.purpose is what a run is for)"
    if "test" not in source.splits:
        yield "split: a tenth each will be drawn for val and test"
    yield from source.decisions
    yield from survey.content.decisions()
