"""The summary of a source: what it has, what looks suspicious, what a person should decide."""

from collections.abc import Iterable, Iterator

from pipeline.dataset.table import SPLITS
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
    print_list("suspicious", oddities)


def print_list(title: str, lines: Iterable[str]) -> None:
    """Print the lines below their title; nothing if there are none."""
    for number, line in enumerate(lines):
        if number == 0:
            print(f"{title}:")
        print(one_line(f"  - {line}"))


def decisions(license: str | None, source: Source, survey: Survey) -> Iterator[str]:
    """Yield what only a person can decide."""
    if license is None:
        yield "license: under which terms do you hold the data? Nothing is ingested without"
    yield "purposes: what may the data be used for? (ingest.purpose is what a run is for)"
    if "test" not in source.splits:
        yield "split: a tenth each will be drawn for val and test"
    yield from survey.content.decisions()
