"""Assigns examples to splits, as a function of the row and the entry alone."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.dataset.catalog import Entry, entry_path
from pipeline.dataset.randomness import id_keys, uniform
from pipeline.dataset.splits.clock import (
    Boundary,
    Clock,
    boundary,
    parts_in_time,
    reasons_to_leave_out,
)
from pipeline.dataset.splits.rule import SplitRule
from pipeline.dataset.splits.times import INTEGER, MOMENT, ordinals_of, read_times
from pipeline.runtime.errors import SettingsError
from pipeline.sources.source import Source

OUT_OF_SPLIT = "split: "
"""Prefix of the reason for examples that cannot be in any split."""
DRAWN = ("val", "test")


class SplitAssignment(NamedTuple):
    """The splits of N examples."""

    splits: list[str]
    reasons: list[str | None]
    """Why an example is in no split, or None."""
    known_later: int
    """Number of examples whose values became known only after their time."""


def clock_of(name: str, entry: Entry, source: Source) -> Clock | None:
    """Read the entry's rule of time; None if it names no column of times.

    Raises:
        SettingsError: timed examples would be split at random though the entry does not ask for it,
            or the rule does not fit the source.
    """
    rule, columns = entry.split, entry.columns
    where = entry_path(name)
    if rule.by == "last" and not (columns.user and columns.time):
        raise SettingsError(
            f"{where}: split is by: last, but columns: names no user and time",
            fix="name both under columns:, or take by: time",
        )
    if columns.time is None:
        if rule.by == "time" or columns.known_at:
            key = "split is by: time" if rule.by == "time" else "known_at is named"
            raise SettingsError(
                f"{where}: {key}, but columns: names no time",
                fix="name the column of dates under columns: time:",
            )
        return None
    if source.times is None:
        raise SettingsError(
            f"{where}: columns: time: names {columns.time}, but a source of the kind {source.kind} "
            "has no such column",
            fix="leave it out, or bring a table that has one",
        )
    drawn = [part for part in DRAWN if part not in source.splits]
    if rule.by is None and drawn:
        raise SettingsError(
            f"{where}: examples have a time ({columns.time}), and {' and '.join(drawn)} would be "
            "drawn from them at random, so that a model is tested on the past",
            fix="say split: {by: time}, then groundwork add NAME, which finds the dates; or, where "
            "time plays no part, split: {by: random}".replace("NAME", name),
        )
    if rule.by != "time":
        return Clock(source.times.type)
    return Clock(source.times.type, tuple(_boundaries(name, rule, source, drawn)))


def _boundaries(name: str, rule: SplitRule, source: Source, drawn: list[str]) -> list[Boundary]:
    assert source.times is not None
    if rule.is_shared:
        raise SettingsError(
            f"{entry_path(name)}: split is by: time and by shares; parts in time begin at dates, "
            "so that no example moves when others come",
            fix=f"groundwork add {name}, which writes the dates of these shares",
        )
    kinds = {MOMENT: "dates", INTEGER: "whole numbers"}
    if rule.time_type != source.times.type:
        raise SettingsError(
            f"{entry_path(name)}: split has {kinds[str(rule.time_type)]} for val and test, but the "
            f"times of the source are {kinds[source.times.type]}",
            fix=f"give {kinds[source.times.type]}",
        )
    times = source.times.ordinals
    return [boundary(part, rule.point_of(part), rule, times) for part in drawn]


def place(
    table: pa.Table,
    splits_given: frozenset[str],
    rule: SplitRule,
    seed: int,
    clock: Clock | None,
) -> SplitAssignment:
    """Assign splits to examples, whose table is in `example_schema`."""
    nothing: list[str | None] = [None] * table.num_rows
    if rule.by == "last":
        return SplitAssignment(_last(table, splits_given, rule), nothing, 0)
    known_later = 0
    known_at = None
    if clock is not None:
        times, has_time = ordinals_of(read_times(table["time"], clock.type))
        known_at = ordinals_of(read_times(table["known_at"], clock.type))
        known_later = int((has_time & known_at[1] & (known_at[0] > times)).sum())
    if clock is None or not clock.boundaries:
        return SplitAssignment(assign_splits(table, splits_given, rule, seed), nothing, known_later)
    own = table["split"].to_pylist()
    splits, reasons = [], []
    for given, part, reason, timed in zip(
        own,
        parts_in_time(clock, times),
        reasons_to_leave_out(clock, times, known_at),
        has_time.tolist(),
        strict=True,
    ):
        is_own = given in DRAWN
        splits.append(given if is_own else part)
        why = None if is_own else reason if timed else "no time that can be read"
        reasons.append(OUT_OF_SPLIT + why if why else None)
    return SplitAssignment(splits, reasons, known_later)


def assign_splits(
    table: pa.Table, splits_given: frozenset[str], rule: SplitRule, seed: int
) -> list[str]:
    """Take the source's own splits; missing ones are drawn by `(seed, group or id)`.

    Without any, val and test take their shares; without val, val takes its share of train.

    Args:
        table: columns id, group and split, which is null where the source has none.
        splits_given: the splits that the source itself has, out of train, val and test.
    """
    val_share, test_share = rule.shares
    given = table["split"].to_pylist()
    owners = [
        group if group is not None else id
        for group, id in zip(
            table["group"].to_pylist(),
            table["id"].to_pylist(),
            strict=True,
        )
    ]
    draw = uniform(id_keys(owners), seed, "split")
    # Test before val, so that changing the size of val moves nothing in or out of test.
    is_test = draw < test_share if "test" not in splits_given else draw < 0
    start = test_share if "test" not in splits_given else 0.0
    is_val = (draw >= start) & (draw < start + val_share)
    splits = []
    for own, test, val in zip(given, is_test, is_val, strict=True):
        if own in ("val", "test"):
            splits.append(own)
        elif test:
            splits.append("test")
        elif val and "val" not in splits_given:
            splits.append("val")
        else:
            splits.append("train")
    return splits


def _last(table: pa.Table, splits_given: frozenset[str], rule: SplitRule) -> list[str]:
    """Assign splits by each example's distance from the last one of its user."""
    ends: Mapping[str, int] = {
        part: rule.num_last(part) for part in ("test", "val") if part not in splits_given
    }
    places = np.asarray(pc.fill_null(table["from_last"], 2**40), np.int64).tolist()
    splits = []
    for own, from_last in zip(table["split"].to_pylist(), places, strict=True):
        split, start = own if own in DRAWN else "train", 0
        for part, num in ends.items():
            if own not in DRAWN and start <= from_last < start + num:
                split = part
            start += num
        splits.append(split)
    return splits
