"""A column of texts by its distinct values."""

from functools import cached_property

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.modalities.tables.content.values import folded
from pipeline.sources.tables.missing import without_missing

MAX_SHOWN = 3


class Texts:
    """The texts of a column, without those that the entry calls missing."""

    def __init__(self, name: str, texts: pa.ChunkedArray, missing: list[str]) -> None:
        self.name = name
        self.codes = missing
        self.written = texts
        trimmed = pc.utf8_trim_whitespace(texts)
        trimmed = pc.if_else(pc.equal(trimmed, ""), pa.scalar(None, pa.string()), trimmed)
        self.before = trimmed
        self.values, self.num_missing_codes = without_missing(trimmed, missing)

    @cached_property
    def counts(self) -> dict[str, int]:
        """Count each text, in sorted order."""
        found = pc.value_counts(self.values.drop_null())
        pairs = zip(found.field(0).to_pylist(), found.field(1).to_pylist(), strict=True)
        return dict(sorted(pairs))

    @property
    def num_rows(self) -> int:
        return len(self.values)

    @property
    def num_there(self) -> int:
        return len(self.values) - int(self.values.null_count)

    @property
    def is_unique(self) -> bool:
        """Whether no two rows have the same text."""
        return len(self.counts) == self.num_there

    def rows_of(self, texts: list[str]) -> int:
        return sum(self.counts[text] for text in texts)

    @cached_property
    def spellings(self) -> dict[str, list[str]]:
        """Spellings by folded text, where it has several, the most frequent first."""
        alike: dict[str, list[str]] = {}
        for text in self.counts:
            alike.setdefault(folded(text), []).append(text)
        return {
            key: sorted(texts, key=lambda text: (-self.counts[text], text))
            for key, texts in alike.items()
            if len(texts) > 1
        }

    @cached_property
    def spelled(self) -> dict[str, list[str]]:
        """Texts as written, with blanks around them, by folded text."""
        alike: dict[str, list[str]] = {}
        for text in sorted(pc.unique(self.written.drop_null()).to_pylist()):
            if text.strip():
                alike.setdefault(folded(text), []).append(text)
        return alike

    @property
    def num_spelled(self) -> int:
        return sum(len(alike) for alike in self.spelled.values())

    @property
    def num_with_blanks(self) -> int:
        """Rows that have blanks around their text."""
        longer = pc.not_equal(pc.utf8_trim_whitespace(self.written), self.written)
        return pc.sum(longer).as_py() or 0


def some(texts: list[str], most: int = MAX_SHOWN) -> str:
    more = len(texts) - most
    return ", ".join(texts[:most]) + (f" and {more} more" if more > 0 else "")
