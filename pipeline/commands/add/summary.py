"""The summary of a source: what it has, what looks suspicious, what a person should decide."""

from collections.abc import Iterable, Iterator

from pipeline.commands.add.entry_text import size_range
from pipeline.commands.add.oddities import count_by_class
from pipeline.dataset.table import SPLITS
from pipeline.ingest.survey import Survey
from pipeline.runtime.errors import one_line
from pipeline.sources.source import Source

MAX_CLASSES_LISTED = 12


def print_summary(source: Source, survey: Survey, oddities: list[str]) -> None:
    counts = count_by_class(survey)
    splits = ", ".join(split for split in SPLITS if split in source.splits)
    print(f"{source.kind}: {survey.examples} examples of {len(source.classes)} classes")
    print(f"splits of its own: {splits or 'none'}")
    for name in source.classes[:MAX_CLASSES_LISTED]:
        print(one_line(f"  {name}: {counts[name]}"))
    if len(source.classes) > MAX_CLASSES_LISTED:
        print(f"  ... and {len(source.classes) - MAX_CLASSES_LISTED} more classes")
    print(f"sizes: {size_range(survey)}; modes: {', '.join(sorted(survey.modes))}")
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
    if len(survey.sizes) > 1:
        height, width = survey.common_size()
        yield f"image_size: training will see [{height}, {width}]; is that enough to tell classes?"
    if "test" not in source.splits:
        yield "split: a tenth each will be drawn for val and test"
    yield "groups: do several images show one person, animal or thing? A manifest can say so"
    yield "augmentation: may images be mirrored? (augment.transforms in params.yaml)"
