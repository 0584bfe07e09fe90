"""What changed, for a terminal, for a pull request, and as a list."""

import csv
from collections.abc import Iterator, Sequence
from typing import TextIO

from pipeline.commands.diff.changes import KINDS, Changes
from pipeline.commands.diff.summary import OfKind, table_of_counts
from pipeline.dataset.rows import safe_cell
from pipeline.reporting.markdown import as_table, code, plain

MOST_DETAILS = 8


def heading(names: Sequence[str], datasets: Sequence[str], changes: Changes) -> str:
    """`main -> workspace, pets: 122 -> 122 examples`."""
    dataset = " -> ".join(dict.fromkeys(name for name in datasets if name))
    sizes = f"{changes.before.num_rows:,} -> {changes.after.num_rows:,} examples"
    return f"{' -> '.join(names)}, {dataset + ': ' if dataset else ''}{sizes}"


def as_text(changes: Changes, summary: Sequence[OfKind], show: int) -> Iterator[str]:
    """Lines for a terminal; `show` is how many examples are named for each kind."""
    width = max(map(len, KINDS))
    num_width = max(len(f"{one.count:,}") for one in summary)
    for one in _shown(summary):
        yield f"{one.kind:<{width}}  {one.count:>{num_width},}  {details(one)}".rstrip()
        for sentence in concentrated(one):
            yield f"    {sentence}"
        for example in one.examples[:show]:
            yield f"    {example.id or example.key}  {example.change}"
        if one.count > show > 0:
            yield f"    and {one.count - show:,} more: --show {one.count}, or --csv for a list"
    yield ""
    header, rows = table_of_counts(changes)
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    for row in (header, *rows):
        yield "  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip()
    if unnamed := _unnamed(summary):
        are = (
            "1 example is named by its key"
            if unnamed == 1
            else f"{unnamed:,} examples are named by keys"
        )
        yield f"{are}: {WHERE_IDS_ARE}"


WHERE_IDS_ARE = (
    "ids are in data/raw, which is not here as it was then (dvc pull data/raw brings it)"
)


def as_markdown(
    title: str, changes: Changes, summary: Sequence[OfKind], show: int
) -> Iterator[str]:
    """Lines for a pull request, in which names that come from data are escaped."""
    yield f"**{escaped(title)}**"
    yield ""
    rows = [
        [KINDS[one.kind], one.count, "; ".join(map(escaped, [details(one), *concentrated(one)]))]
        for one in _shown(summary)
    ]
    yield from as_table(["examples", "", ""], rows)
    header, counts = table_of_counts(changes)
    yield ""
    yield "<details><summary>Examples by label and split</summary>"
    yield ""
    yield from as_table(header, [[plain(cell) for cell in row] for row in counts])
    yield ""
    yield "</details>"
    named = [one for one in summary if one.count and show]
    if not named:
        return
    yield "<details><summary>Which they are</summary>"
    yield ""
    for one in named:
        yield f"{KINDS[one.kind].capitalize()}:"
        yield ""
        for example in one.examples[:show]:
            yield f"- {code(example.id or example.key)} {escaped(example.change)}"
        if one.count > show:
            yield f"- and {one.count - show:,} more"
        yield ""
    if unnamed := _unnamed(summary):
        yield f"{unnamed:,} are named by their keys, 12 digits of the SHA-256 of their ids."
        yield ""
    yield "</details>"


def escaped(text: str) -> str:
    """Text in Markdown, with the arrows that stand between two values."""
    return " → ".join(map(plain, text.split(" -> ")))


def write_list(file: TextIO, summary: Sequence[OfKind]) -> None:
    """Every change as a line of CSV."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["kind", "key", "id", "change"])
    for one in summary:
        for example in one.examples:
            writer.writerow(
                [one.kind, example.key, safe_cell(example.id or ""), safe_cell(example.change)]
            )


def details(one: OfKind) -> str:
    """`cat -> dog: 12, dog -> cat: 3`, the most frequent first."""
    most = sorted(one.details.items(), key=lambda entry: (-entry[1], entry[0]))
    words = [f"{name}: {count:,}" for name, count in most[:MOST_DETAILS]]
    if len(most) > MOST_DETAILS:
        words.append(f"others: {sum(count for _, count in most[MOST_DETAILS:]):,}")
    return ", ".join(words)


def concentrated(one: OfKind) -> Iterator[str]:
    """`label cat: 75 % of them, 10 % of all`."""
    for found in one.concentrations:
        share, usual = (f"{100 * s:.3g} %" for s in (found.share, found.share_of_all))
        yield f"{found.column} {found.value}: {share} of them, {usual} of all"


def _shown(summary: Sequence[OfKind]) -> list[OfKind]:
    """All but rare kinds that did not occur."""
    return [one for one in summary if one.count or one.kind not in ("excluded", "restored")]


def _unnamed(summary: Sequence[OfKind]) -> int:
    return len({e.key for one in summary for e in one.examples if e.id is None})
