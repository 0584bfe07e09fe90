"""The column to predict: its texts in one spelling each."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.modalities.tables.content.values import FALSE, ONE, TRUE, ZERO, folded, parse_number
from pipeline.modalities.tables.prepare.sources.reading import TextTable
from pipeline.modalities.tables.prepare.sources.roles import map_texts
from pipeline.modalities.tables.prepare.types.numbers import find_decimal, find_numbers
from pipeline.modalities.tables.prepare.types.texts import Texts, some
from pipeline.sources.tables.missing import ERRORS, SIGNS, doubtful_codes


class LabelTexts(NamedTuple):
    """Labels as texts; null for none."""

    texts: pa.ChunkedArray
    notes: list[str]
    doubts: list[str]
    names: set[str]
    """The distinct labels."""
    are_numbers: bool
    """Whether most are distinct numbers."""

    def by_split(
        self, splits: pa.ChunkedArray | None, which: frozenset[str]
    ) -> Mapping[str, Mapping[str | None, int]] | None:
        """Count each label in each split, in the form of `Source`."""
        if splits is None or not which:
            return None
        found: dict[str, dict[str | None, int]] = {split: {} for split in sorted(which)}
        for split in found:
            counts = pc.value_counts(self.texts.filter(pc.equal(splits, split)))
            found[split] = {entry["values"]: entry["counts"] for entry in counts.to_pylist()}
        return found


def read_labels(
    texts: Texts, table: TextTable, name: str, entry: Any, labels: Any, where: str
) -> LabelTexts:
    """Read labels in one spelling each, with the names of the target.

    Raises:
        SourceError: no label is one of the entry's.
    """
    notes: list[str] = []
    spelled = _spelled(texts, notes)
    spelled |= _without_stops(texts, table, name, spelled, notes)
    column = map_texts(texts.values, lambda text: spelled.get(text, text))
    found = {text for text in pc.unique(column).to_pylist() if text is not None}
    namer = labels.namer(found, entry, where)
    column = map_texts(column, namer)
    names = {text for text in pc.unique(column).to_pylist() if text is not None}
    return LabelTexts(column, notes, _codes(texts), names, len(names) > 20)


def _codes(texts: Texts) -> list[str]:
    """Sentences on labels that look like codes for a missing one."""
    words = [text for text in texts.counts if folded(text) in (*SIGNS, *ERRORS)]
    numbers = [c for c in doubtful_codes(texts.before, texts.codes) if "no number" not in c.reason]
    return [
        *(
            f"{code.value} in column {texts.name}, which is to be predicted, is in {code.rows} "
            f"rows and {code.reason}; is it a code for missing? Then say missing: "
            f"{{{texts.name}: [{code.value}]}}"
            for code in numbers
            if not code.reason.startswith("is within")
        ),
        *(
            f"{word!r} in column {texts.name}, which is to be predicted, is in "
            f"{texts.counts[word]} rows; does it mean missing? Then say missing: "
            f"{{{texts.name}: [{word!r}]}}"
            for word in words
            if len(words) < len(texts.counts)
        ),
    ]


def _spelled(texts: Texts, notes: list[str]) -> dict[str, str]:
    """The spelling of each text: numbers as programs write them, yes or no in one spelling."""
    decimal, _ = find_decimal([texts])
    numbers = find_numbers(texts, decimal)
    if numbers is not None and not numbers.others and not numbers.not_finite:
        thousands = "," if decimal == "." else "."
        values = {text: str(parse_number(text, decimal, thousands)) for text in texts.counts}
        if decimal != ".":
            notes.append(f"column {texts.name} has {decimal!r} before the fraction")
        return values
    by_fold: dict[str, list[str]] = {}
    for text in texts.counts:
        by_fold.setdefault(folded(text), []).append(text)
    words = {*by_fold} - {ONE, ZERO}
    if words <= TRUE | FALSE and words & TRUE and words & FALSE:
        spelled = {
            text: key if key in ("true", "false") else "yes" if key in (*TRUE, ONE) else "no"
            for key, alike in by_fold.items()
            for text in alike
        }
        if len({*spelled.values()}) > 2:
            spelled = {text: "yes" if folded(text) in (*TRUE, ONE) else "no" for text in spelled}
        if len(texts.counts) == 2:
            return {}
    else:
        spelled = {text: alike[0] for alike in texts.spellings.values() for text in alike}
    if spelled or texts.num_spelled > len(texts.counts):
        written = some([repr(text) for text in sorted(spelled) or list(texts.counts)], 6)
        num = len({spelled.get(text, text) for text in texts.counts})
        notes.append(
            f"column {texts.name}: {texts.num_spelled} spellings are of {num} labels: {written}"
        )
    return spelled


def _without_stops(
    texts: Texts, table: TextTable, name: str, spelled: Mapping[str, str], notes: list[str]
) -> dict[str, str]:
    """Remove full stops after the labels of a file, if they then match those of other files."""
    if len(table.files) < 2:
        return {}
    found: dict[str, str] = {}
    start = 0
    column = map_texts(texts.values, lambda text: spelled.get(text, text))
    parts = []
    for num in table.file_rows:
        parts.append({*pc.unique(column.slice(start, num)).drop_null().to_pylist()})
        start += num
    for file, own in zip(table.files, parts, strict=True):
        others = set().union(*(part for part in parts if part is not own))
        if own and all(text.endswith(".") for text in own):
            bare = {text: text.rstrip(".").rstrip() for text in own}
            if {*bare.values()} <= others:
                found |= bare
                notes.append(
                    f"column {name}: labels of {file} end with a full stop, which is taken off"
                )
    return found
