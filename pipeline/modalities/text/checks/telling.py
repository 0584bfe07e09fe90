"""Whether texts have the answer in them: the name of their label, or a line that only it has."""

from collections import Counter, defaultdict
from collections.abc import Sequence

import pandas as pd

from pipeline.modalities.text.checks.vocabulary import words_of
from pipeline.modalities.text.content.folding import folded

LETTERS = 3
"""Of a label's name, to look for it in texts."""
MIN_TEXTS = 20
LONG_LINE = 12
MAX_LINE = 60
TIMES_MORE = 2.0
"""As often in texts of the label as in all others, to count."""


def label_table(texts: Sequence[str | None], labels: Sequence[str | None]) -> pd.DataFrame:
    """A row for each label that enough texts have: id (its name, and the numbers), named (the share
    of its texts that have its name, 0 where those of other labels have it about as often), and
    line (the share of its texts that have a line that no other has)."""
    rows: dict[str, list[int]] = defaultdict(list)
    for row, (text, label) in enumerate(zip(texts, labels, strict=True)):
        if text and label is not None:
            rows[str(label)].append(row)
    lines = [lines_of(text) for text in texts]
    everywhere: Counter[str] = Counter(line for of_text in lines for line in of_text)
    found = []
    for label, own in sorted(rows.items()):
        if len(own) < MIN_TEXTS or len(rows) < 2:
            continue
        named, num_named = _share_named(label, texts, own, [r for n in rows for r in rows[n]])
        line, number = _own_line(lines, own, everywhere)
        about = f"{label}: named in {num_named} of its {len(own)} texts"
        about += f"; a line in {number} of them and no other: {line[:MAX_LINE]}" if number else ""
        share = number / len(own)
        found.append({"id": about, "named": named, "line": share})
    return pd.DataFrame(found, columns=["id", "named", "line"])


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


def lines_of(text: str | None) -> frozenset[str]:
    """Different lines of some length, folded."""
    lines = (folded(line) for line in text.split("\n")) if text else ()
    return frozenset(line for line in lines if len(line) >= LONG_LINE)


def _own_line(
    lines: Sequence[frozenset[str]], own: list[int], everywhere: Counter[str]
) -> tuple[str, int]:
    """The line that most texts of a label have and no other, and how many; 0 for none."""
    counts = Counter(line for row in own for line in lines[row])
    alone = [(n, line) for line, n in counts.items() if n > 1 and n == everywhere[line]]
    number, line = max(alone, default=(0, ""))
    return line, number
