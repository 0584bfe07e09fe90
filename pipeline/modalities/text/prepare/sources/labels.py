"""Labels of texts in one spelling each; what nobody can see makes no other label."""

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.modalities.text.content.folding import CONTROL, UNSEEN
from pipeline.sources.tables.harmless import harmless

MAX_SHOWN = 6
SEVERAL = "several labels in one cell"
WHOLE = re.compile(r"^(\d+)\.0+$", re.ASCII)


class LabelTexts(NamedTuple):
    """A column of labels."""

    texts: pa.ChunkedArray
    """Null for none."""
    problems: list[str | None]
    """Why a row has no label that can be used; None where it has one, or none at all."""
    notes: list[str]

    @property
    def names(self) -> set[str]:
        return {text for text in pc.unique(self.texts).to_pylist() if text is not None}


def read_labels(cells: pa.ChunkedArray, name: str) -> LabelTexts:
    """What people see of each cell; spellings that differ in case alone become the usual one."""
    texts, problems = [], []
    for cell in cells.to_pylist():
        text, problem = _label_of(cell)
        texts.append(text)
        problems.append(problem)
    written = Counter(cell for cell in cells.to_pylist() if cell and cell.strip())
    seen = Counter(text for text in texts if text is not None)
    notes = _of_unseen(written, name)
    spelled = _spelled(seen)
    if joined := {one: other for one, other in spelled.items() if one != other}:
        shown = ", ".join(
            f"{one} ({seen[one]}) is {other} ({seen[other]})"
            for one, other in list(joined.items())[:MAX_SHOWN]
        )
        how = "a fraction of 0" if any(map(WHOLE.match, (*joined, *joined.values()))) else "case"
        notes.append(f"column {name}: labels that differ in {how} alone are one: {shown}")
    if several := sum(problem is not None for problem in problems):
        notes.append(f"column {name}: {several} rows have {SEVERAL}")
    column = pa.chunked_array(
        [pa.array([spelled.get(t, t) if t else None for t in texts], pa.string())]
    )
    return LabelTexts(harmless(column), problems, notes)


def _label_of(cell: str | None) -> tuple[str | None, str | None]:
    """A label without what nobody sees of it, or why there is none."""
    if cell is None:
        return None, None
    text = cell.strip()
    if text[:1] in ("{", "["):
        choices = choices_of(text)
        if choices is not None and len(choices) > 1:
            return None, SEVERAL
        if choices is not None:
            text = choices[0] if choices else ""
    return seen_of(text) or None, None


def seen_of(text: str) -> str:
    """What people see of a name, in Unicode NFC."""
    if text.isascii() and text.isprintable():
        return text.strip()
    text = unicodedata.normalize("NFC", UNSEEN.sub("", CONTROL.sub("", text)))
    return " ".join(text.split())


def choices_of(text: str) -> list[str] | None:
    """The labels of a cell as annotation tools write them, `{"choices": ["a"]}` or `["a"]`."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if isinstance(value, dict):
        value = value.get("choices")
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        return None
    return value


def _of_unseen(written: Counter[str], name: str) -> list[str]:
    """How many cells have blanks around their label, or characters that nobody sees."""
    kinds: Counter[str] = Counter()
    for cell, number in written.items():
        if cell != (seen := seen_of(cell)) and choices_of(cell) is None:
            rest = UNSEEN.sub("", cell)
            if rest != cell:
                kinds["characters that nobody sees"] += number
            elif unicodedata.normalize("NFC", cell).strip() == seen and cell.strip() != seen:
                kinds["accents written in another way (NFD)"] += number
            else:
                kinds["blanks around it"] += number
    if not kinds:
        return []
    shown = ", ".join(f"{number} with {kind}" for kind, number in sorted(kinds.items()))
    return [f"column {name}: labels are what can be seen of them: {shown} were joined"]


def _spelled(seen: Counter[str]) -> dict[str, str]:
    """The most frequent of spellings that differ in case alone, or as 1 and 1.0 do, by each."""
    alike: dict[str, list[str]] = {}
    for text in sorted(seen, key=lambda text: (-seen[text], text)):
        alike.setdefault(WHOLE.sub(r"\1", text.casefold()), []).append(text)
    return {text: texts[0] for texts in alike.values() for text in texts if len(texts) > 1}


def with_names(
    labels: LabelTexts, target: Any, entry: Any, where: str
) -> tuple[pa.ChunkedArray, list[str | None]]:
    """Labels as the target names them, and why a row cannot be used."""
    name_of: Callable[[str], str | None] = target.namer(labels.names, entry, where)
    named = {text: name_of(text) for text in sorted(labels.names)}
    wrong = {t: target.problem_of(n, entry) for t, n in named.items() if n is not None}
    texts = labels.texts.to_pylist()
    problems = [
        problem or (wrong.get(text) if text is not None else None)
        for text, problem in zip(texts, labels.problems, strict=True)
    ]
    found = [None if text is None else named[text] for text in texts]
    return pa.chunked_array([pa.array(found, pa.string())]), problems
