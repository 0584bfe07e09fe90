"""Oddities: suspicious things in a dataset, found while its rows pass by."""

from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from pipeline.ingest.survey import Survey
from pipeline.modalities.opening import open_prepare
from pipeline.runtime.settings import Kind
from pipeline.sources.source import Source
from pipeline.targets.opening import open_labels

MAX_PROBLEMS_LISTED = 5


class Oddities:
    """Counts of repeated and contradicting examples over a whole dataset.

    Memory grows with the number of examples: a digest and the labels of each.
    """

    def __init__(self, kind: Kind) -> None:
        self.num_repeated = 0
        self.num_contradicting = 0
        self._prepare = open_prepare(kind.modality)
        self._label = open_labels(kind.target).COLUMN
        self._labels: dict[str, set[Any]] = {}
        """Labels of each content, by its digest."""

    def add(self, table: pa.Table) -> None:
        """Count rows of data/raw."""
        columns = (table[name].to_pylist() for name in ("sha256", self._label))
        for digest, label in zip(*columns, strict=True):
            if digest is None:
                continue
            labels = self._labels.setdefault(digest, set())
            self.num_repeated += bool(labels)
            self.num_contradicting += bool(labels) and label not in labels
            labels.add(label)

    def describe(self, source: Source, survey: Survey) -> Iterator[str]:
        """Yield a sentence for each oddity of these rows and of their survey."""
        for reason, number in survey.problems.most_common(MAX_PROBLEMS_LISTED):
            yield f"{self._counted(number)} cannot be used: {reason}"
        if (more := len(survey.problems) - MAX_PROBLEMS_LISTED) > 0:
            yield f"{more} more kinds of unusable {self._prepare.NOUN}s"
        if survey.unlabelled:
            yield f"{self._counted(survey.unlabelled)} without a label: they wait in the pool"
        if self.num_repeated:
            yield f"{self._counted(self.num_repeated)} repeated exactly (clean removes copies)"
        if self.num_contradicting:
            yield f"{self._counted(self.num_contradicting)} repeated under another label"
        yield from survey.labels.oddities(source.target)
        yield from survey.content.oddities()
        for kind in self._prepare.PERSONAL_METADATA:
            if number := survey.metadata[kind]:
                yield f"{self._counted(number)} with {kind.upper()} metadata (ingest removes it)"

    def _counted(self, number: int) -> str:
        return f"{number} {self._prepare.NOUN}{'s' if number != 1 else ''}"
