"""Whether texts have the answer in them: the name of their label, or a line that only it has."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import pandas as pd

from pipeline.modalities.text.checks.vocabulary import words_of
from pipeline.modalities.text.content.folding import folded

LETTERS = 3
"""The fewest letters of a label's name that is looked for in texts."""
MIN_TEXTS = 20
LONG_LINE = 12
MAX_LINE = 60
TIMES_MORE = 2.0
"""How much more often in texts of the label than in all others, to count."""


class LabelsInTexts(NamedTuple):
    """What of the labels stands in texts."""

    names: pd.DataFrame
    """A row for each label that enough texts have: id (with numbers), named (the share of its texts
    that have its name, 0 where those of other labels have it about as often)."""
    num_named: int
    """Texts with the name of their label, of labels that have `named`."""
    num: int
    """Texts of these labels."""
    lines: pd.DataFrame
    """A row for each such label: id (its line and the numbers), line (the share of its texts that
    have a line that no other has and that does not name it)."""


def what_tells(texts: Sequence[str | None], labels: Sequence[str | None]) -> LabelsInTexts:
    rows: dict[str, list[int]] = defaultdict(list)
    for row, (text, label) in enumerate(zip(texts, labels, strict=True)):
        if text and label is not None:
            rows[str(label)].append(row)
    everyone = [row for label in rows for row in rows[label]]
    lines = [lines_of(text) for text in texts]
    everywhere: Counter[str] = Counter(line for of_text in lines for line in of_text)
    names, own_lines, num_named, num = [], [], 0, 0
    for label, own in sorted(rows.items()):
        if len(own) < MIN_TEXTS or len(rows) < 2:
            continue
        named, count = _share_named(label, texts, own, everyone)
        num_named, num = num_named + (count if named else 0), num + (len(own) if named else 0)
        names.append({"id": f"{label} in {count} of {len(own)}", "named": named})
        line, count = _own_line(lines, own, everywhere, words_of(label))
        about = f"{label}: {line[:MAX_LINE]} (in {count} of {len(own)})"
        own_lines.append({"id": about, "line": count / len(own)})
    return LabelsInTexts(
        pd.DataFrame(names, columns=["id", "named"]),
        num_named,
        num,
        pd.DataFrame(own_lines, columns=["id", "line"]),
    )


def _share_named(
    label: str, texts: Sequence[str | None], own: list[int], everyone: list[int]
) -> tuple[float, int]:
    wanted = words_of(label)
    if sum(map(len, wanted)) < LETTERS:
        return 0.0, 0
    inside = set(own)
    num = sum(wanted <= words_of(texts[row]) for row in own)
    others = [row for row in everyone if row not in inside]
    share = num / len(own)
    if others:
        rest = sum(wanted <= words_of(texts[row]) for row in others) / len(others)
        if share < TIMES_MORE * rest:
            return 0.0, num
    return share, num


def lines_of(text: str | None) -> dict[str, str]:
    """Different lines of some length as they are written, by how they read folded."""
    lines = ((folded(line), line.strip()) for line in text.split("\n")) if text else ()
    return {key: line for key, line in lines if len(key) >= LONG_LINE}


def _own_line(
    lines: Sequence[Mapping[str, str]],
    own: list[int],
    everywhere: Counter[str],
    name: frozenset[str],
) -> tuple[str, int]:
    """The line that most texts of a label have and no other, and how many; 0 for none.

    A line with the label's name is told of already.
    """
    counts = Counter(line for row in own for line in lines[row])
    alone = [
        (n, line)
        for line, n in counts.items()
        if n > 1 and n == everywhere[line] and not (name and name <= words_of(line))
    ]
    number, key = max(alone, default=(0, ""))
    written = next((lines[row][key] for row in own if key in lines[row]), "")
    return written, number
