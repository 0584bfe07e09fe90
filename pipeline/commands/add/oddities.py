"""Oddities: what looks suspicious in a dataset, found while its rows pass by."""

from collections import Counter
from collections.abc import Iterator

import pyarrow as pa

from pipeline.ingest.survey import Survey
from pipeline.sources.source import Source

BLANK_CONTRAST = 0.005  # MIN_CONTRAST of validate
MAX_PROBLEMS_LISTED = 5
MAX_NAMES_LISTED = 5
FEW_EXAMPLES = 20
RARE_BELOW = 10  # times less frequent than the most frequent class


class Oddities:
    """Counts of blank, repeated and contradicting images over a whole dataset.

    Memory grows with the number of images: a digest and the labels of each.
    """

    def __init__(self) -> None:
        self.num_blank = 0
        self.num_repeated = 0
        self.num_contradicting = 0
        self._labels: dict[str, set[str]] = {}
        """Labels of each image, by its digest."""

    def add(self, table: pa.Table) -> None:
        """Count the rows of a table in RAW_SCHEMA."""
        columns = (table[name].to_pylist() for name in ("sha256", "label", "contrast"))
        for digest, label, contrast in zip(*columns, strict=True):
            if digest is None:
                continue
            self.num_blank += contrast < BLANK_CONTRAST
            labels = self._labels.setdefault(digest, set())
            self.num_repeated += bool(labels)
            self.num_contradicting += bool(labels) and label not in labels
            labels.add(label or "")

    def describe(self, source: Source, survey: Survey) -> Iterator[str]:
        """Yield a sentence for each oddity of these rows and of their survey."""
        for reason, number in survey.problems.most_common(MAX_PROBLEMS_LISTED):
            yield f"{images(number)} cannot be used: {reason}"
        if len(survey.problems) > MAX_PROBLEMS_LISTED:
            yield f"{len(survey.problems) - MAX_PROBLEMS_LISTED} more kinds of unusable images"
        counts = count_by_class(survey)
        if unlabelled := counts.pop(None, 0):
            yield f"{images(unlabelled)} without a label"
        if len(source.classes) == 1:
            yield "only one class; a classifier needs two"
        if self.num_repeated:
            yield f"{images(self.num_repeated)} repeated exactly (clean removes copies)"
        if self.num_contradicting:
            yield f"{images(self.num_contradicting)} repeated under another label"
        if self.num_blank:
            yield f"{images(self.num_blank)} blank"
        most = max(counts.values(), default=0)
        rare = [str(name) for name, n in counts.items() if n * RARE_BELOW < most]
        if rare:
            yield f"less than a tenth of the largest class: {some(rare)}"
        few = [str(name) for name, n in counts.items() if n < FEW_EXAMPLES]
        if few:
            yield f"fewer than {FEW_EXAMPLES} examples: {some(few)}"
        alike = Counter(name.strip().casefold().replace(" ", "_") for name in source.classes)
        if same := [name for name, n in alike.items() if n > 1]:
            yield f"class names that differ in case or spaces alone: {some(same)}"
        if len(survey.channels) > 1:
            yield "grey and colour images are mixed; all become RGB"
        for kind in ("gps", "exif"):
            if number := survey.metadata[kind]:
                yield f"{images(number)} with {kind.upper()} metadata (ingest removes it)"


def count_by_class(survey: Survey) -> Counter[str | None]:
    """Count examples by class over all splits; None for unlabelled ones."""
    counts: Counter[str | None] = Counter()
    for (_, label), number in survey.labels.items():
        counts[label] += number
    return counts


def images(number: int) -> str:
    return f"{number} image{'s' if number != 1 else ''}"


def some(names: list[str]) -> str:
    """List the first few names."""
    num_more = len(names) - MAX_NAMES_LISTED
    return ", ".join(names[:MAX_NAMES_LISTED]) + (f" and {num_more} more" if num_more > 0 else "")
