"""Converts shares of a split in time to dates for a catalog entry."""

from datetime import date, datetime
from typing import Any

from pipeline.dataset.catalog import Entry
from pipeline.dataset.splits.clock import bounds_of_shares
from pipeline.dataset.splits.rule import SplitRule
from pipeline.dataset.splits.times import INTEGER, as_text
from pipeline.runtime.errors import SourceError
from pipeline.sources.source import Source


def with_dates(entry: Entry, source: Source) -> Entry:
    """Set dates in the entry that give val and test about their shares.

    Raises:
        SourceError: there are fewer than three distinct times.
    """
    rule, times = entry.split, source.times
    if times is None:
        return entry  # ingest reports what is missing
    bounds = bounds_of_shares(times, dict(zip(("val", "test"), rule.shares, strict=True)))
    first = int(times.ordinals.min())
    if not first < bounds["val"] < bounds["test"]:
        raise SourceError(
            "the times of the source are too few to tell train, val and test apart by shares of "
            f"{rule.shares[0]:g} and {rule.shares[1]:g}",
            fix="give other shares, or the first time of val and of test, under split: in the "
            "catalog entry",
        )
    written = {
        part: bound if times.type == INTEGER else as_text(bound, times.type)
        for part, bound in bounds.items()
    }
    dated = SplitRule(by="time", **written, horizon=rule.horizon, embargo=rule.embargo)
    return entry.model_copy(update={"split": dated})


def as_yaml(rule: SplitRule) -> dict[str, Any]:
    """Format a rule for a catalog entry: dates as dates, and no defaults."""
    return {key: _as_date(value) for key, value in rule.model_dump(exclude_defaults=True).items()}


def _as_date(value: Any) -> Any:
    for kind in (date, datetime):
        try:
            return kind.fromisoformat(value)
        except (TypeError, ValueError):
            continue
    return value
