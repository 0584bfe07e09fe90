"""Finds oddities of a table that people should know before training."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.modalities.tables.content.columns import DATE, IS_NUMERIC, TableColumn
from pipeline.modalities.tables.content.telling import ranks_alike, tells
from pipeline.modalities.tables.content.values import days, reader_of
from pipeline.modalities.tables.prepare.sources.labels import LabelTexts
from pipeline.modalities.tables.prepare.sources.roles import RoleTexts
from pipeline.modalities.tables.prepare.sources.times import repeated_hours
from pipeline.modalities.tables.prepare.types.finding import ColumnsFound
from pipeline.modalities.tables.prepare.types.texts import Texts

MAX_ROWS = 200_000
"""Rows to examine for columns that reveal the label; more would take minutes."""
MANY_LABELS = 20
MIN_SHARED = 5
"""Least rows with the same quasi-identifiers; in a smaller group a person is easily recognised."""
ALWAYS = 0.999


class TableOddities(NamedTuple):
    """The oddities found."""

    columns: list[TableColumn]
    notes: list[str]
    doubts: list[str]
    decisions: list[str]
    telling: list[str]
    """Columns that alone reveal the label."""


def look(
    found: ColumnsFound,
    inputs: Sequence[Texts],
    label: LabelTexts,
    time: RoleTexts | None,
    group: RoleTexts | None,
    entry: Any,
) -> TableOddities:
    """Look for outcomes in disguise, values known only later, repeats, rare combinations."""
    by_name = {texts.name: texts for texts in inputs}
    result = TableOddities(list(found.columns), [], [], [], [])
    labels = label.texts.to_pylist()
    for column in found.columns:
        reason = _telling(by_name[column.name], column, labels, label)
        if reason is not None:
            result.telling.append(column.name)
            result.doubts.append(
                f"column {column.name} {reason}: is it known before the outcome? Else put it under "
                "columns: ignore:"
            )
    for name in found.left_out:
        texts = by_name[name]
        reason = _telling_by_presence(texts, labels)
        if reason is not None and texts.num_there:
            result.telling.append(name)
            result.doubts.append(f"column {name} {reason}")
    if time is not None:
        _look_at_time(result, by_name, time, group)
    elif dates := [column.name for column in found.columns if column.kind == DATE]:
        result.decisions.append(
            f"time: {dates[0]} is a date: is it when the question about a row is asked? Then name "
            "it under columns: time:, and split by it"
        )
    _look_at_groups(result, by_name, entry)
    _count_alike(result, by_name, entry)
    return result


def values_of(texts: Texts, column: TableColumn) -> NDArray[Any] | list[str]:
    """The values of a column: numbers with NaN for missing, or texts, empty for missing."""
    read = reader_of(column)
    numeric = IS_NUMERIC[column.kind]
    known: dict[str, Any] = {}
    for text in texts.counts:
        try:
            value = read(text)
        except ValueError:
            value = None
        if numeric:
            is_date = column.kind == DATE and value is not None
            known[text] = np.nan if value is None else days(str(value)) if is_date else float(value)
        else:
            known[text] = "" if value is None else str(value)
    missing: Any = np.nan if numeric else ""
    cells = [missing if t is None else known[t] for t in texts.values.to_pylist()[:MAX_ROWS]]
    return np.array(cells, np.float64) if numeric else cells


def _telling(
    texts: Texts, column: TableColumn, labels: list[str | None], label: LabelTexts
) -> str | None:
    values = values_of(texts, column)
    rows = [row for row, text in enumerate(labels[:MAX_ROWS]) if text is not None]
    if label.are_numbers:
        numbers = np.array([_float(labels[row]) for row in rows])
        if not isinstance(values, np.ndarray) or len(label.names) <= MANY_LABELS:
            return None
        return ranks_alike(values[rows], numbers)
    own = values[rows] if isinstance(values, np.ndarray) else [values[row] for row in rows]
    return tells(own, [labels[row] for row in rows])


def _telling_by_presence(texts: Texts, labels: list[str | None]) -> str | None:
    """Check whether a column that is not an input reveals the label by its presence."""
    rows = [row for row, text in enumerate(labels[:MAX_ROWS]) if text is not None]
    there = ["" if text is None else "there" for text in texts.values.to_pylist()[:MAX_ROWS]]
    return tells([there[row] for row in rows], [labels[row] for row in rows])


def _float(text: str | None) -> float:
    try:
        return float(text or "nan")
    except ValueError:
        return float("nan")


def _look_at_time(
    result: TableOddities,
    by_name: dict[str, Texts],
    time: RoleTexts,
    group: RoleTexts | None,
) -> None:
    if (doubt := repeated_hours(time.texts)) is not None and group is None:
        result.doubts.append(doubt)
    if group is not None:
        pairs = Counter(zip(group.texts.to_pylist(), time.texts.to_pylist(), strict=True))
        twice = [pair for pair, number in pairs.items() if number > 1 and None not in pair]
        if twice:
            shown = " at ".join(map(str, min(twice)))
            result.doubts.append(
                f"{len(twice)} pairs of group and time come more than once, such as {shown}: were "
                "figures restated?"
            )
    at = np.array([_day(text) for text in time.texts.to_pylist()])
    for column in list(result.columns):
        if column.kind != DATE:
            continue
        values = values_of(by_name[column.name], column)
        assert isinstance(values, np.ndarray)
        later = values - at[: len(values)]
        there = np.isfinite(later)
        if there.sum() and (later[there] > 0).mean() >= ALWAYS:
            gaps = np.unique(later[there])
            shown = (
                " or ".join(f"{gap:g}" for gap in gaps)
                if len(gaps) <= 3
                else (f"{gaps[0]:g} to {gaps[-1]:g}")
            )
            result.doubts.append(
                f"column {column.name} is a date {shown} days after the time of its row: what the "
                f"row says was not known then; is {column.name} the time to split by? "
                f"(known_at: {column.name} checks it against the split); it is no input"
            )
            result.columns.remove(column)


def _day(text: str | None) -> float:
    try:
        return days(text) if text else np.nan
    except ValueError:
        return np.nan


def _look_at_groups(result: TableOddities, by_name: dict[str, Texts], entry: Any) -> None:
    """Ask for a group if a column looks like ids of people with several rows each."""
    if entry.columns.group is not None:
        return
    for column in result.columns:
        texts = by_name[column.name]
        name = column.name.strip().lower()
        is_named = name.endswith(("id", "patient", "person", "subject", "customer", "account"))
        different = len(texts.counts)
        if is_named and 1 < different < texts.num_there and different > 5:
            result.decisions.append(
                f"group: {column.name} has {different} values in {texts.num_rows} rows: do rows "
                "with one value belong together? Then name it under columns: group:"
            )


def _count_alike(result: TableOddities, by_name: dict[str, Texts], entry: Any) -> None:
    """Report how many rows share their quasi-identifiers with how few others (k-anonymity)."""
    names = [name for name in entry.quasi_identifiers if name in by_name]
    if not names:
        return
    keys = Counter(zip(*(by_name[name].values.to_pylist() for name in names), strict=True))
    least = min(keys.values(), default=0)
    alone = sum(number == 1 for number in keys.values())
    few = sum(number for number in keys.values() if number < MIN_SHARED)
    result.notes.append(
        f"quasi-identifiers {', '.join(names)}: k = {least} ({alone} rows are the only ones with "
        f"their values, {few} share them with fewer than {MIN_SHARED - 1} others)"
    )
