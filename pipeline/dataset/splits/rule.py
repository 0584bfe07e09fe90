"""The split rule of a catalog entry: how the examples of val and test are chosen.

docs/splits.md says what each rule is for.
"""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, model_validator

from pipeline.dataset.splits.times import (
    INTEGER,
    MAX_INTEGER,
    MOMENT,
    duration_of,
    moment_of,
)
from pipeline.runtime.settings import Settings

SHARE = 0.1
"""The share of examples for val and for test, where the entry says nothing."""


def _as_bound(value: Any) -> Any:
    """A share as a float, an integer as itself, a date or moment as text in ISO 8601."""
    if isinstance(value, float):
        if not value > 0:
            raise ValueError("greater than 0")
        if not value < 1:
            raise ValueError("less than 1")
        return value
    if isinstance(value, date):
        return value.isoformat() if not isinstance(value, datetime) else value.isoformat(" ")
    is_whole = isinstance(value, int) and not isinstance(value, bool) and abs(value) < MAX_INTEGER
    if is_whole or (isinstance(value, str) and moment_of(value) is not None):
        return value
    raise ValueError("a share between 0 and 1, a date such as 2013-01-01, or a whole number")


def _as_gap(value: Any) -> Any:
    is_steps = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < MAX_INTEGER
    if is_steps or (isinstance(value, str) and duration_of(value) is not None):
        return value
    raise ValueError("calendar time such as 1d or 12h, or a number of steps of the time column")


Bound = Annotated[Any, BeforeValidator(_as_bound)]
Gap = Annotated[Any, BeforeValidator(_as_gap)]


class SplitRule(Settings):
    """How examples are told apart where the source does not do it itself."""

    by: Literal["random", "group", "time", "last"] | None = None
    """`random`: by a hash of the group or the id, which is what happens without this key where
    there is no time; `group`: the same, and there must be groups; `time`: by where in time an
    example lies; `last`: the last ones of each user."""
    val: Bound | None = None
    test: Bound | None = None
    """Shares; in time the first moment of each, or shares that `groundwork add` turns into such
    moments; with `last` how many of each user."""
    horizon: Gap = 0
    """How long after its time the label of an example is decided."""
    embargo: Gap = 0
    """How much more is left out before the next part begins."""

    @model_validator(mode="after")
    def _fit_together(self) -> "SplitRule":
        bounds = [bound for bound in (self.val, self.test) if bound is not None]
        if self.by == "time":
            self._check_time(bounds)
        elif self.horizon or self.embargo:
            raise ValueError("by: time, which horizon and embargo belong to")
        elif self.by == "last":
            if not all(isinstance(bound, int) and 0 < bound < 1000 for bound in bounds):
                raise ValueError("by: last with how many of each user val and test take")
        elif not all(isinstance(bound, float) for bound in bounds):
            if any(isinstance(bound, str) for bound in bounds):
                raise ValueError("by: time, since val or test is a date")
            raise ValueError("val and test between 0 and 1, as shares")
        elif sum(self.shares) >= 1:
            raise ValueError("val and test that leave a share for train")
        return self

    def _check_time(self, bounds: list[Any]) -> None:
        if len({type(bound) for bound in bounds}) > 1 or (
            len(bounds) == 1 and not isinstance(bounds[0], float)
        ):
            raise ValueError("val and test both, each a date, each a whole number, or each a share")
        if self.is_shared:
            if sum(self.shares) >= 1:
                raise ValueError("val and test that leave a share for train")
        elif self.point_of("val") >= self.point_of("test"):
            raise ValueError("val that begins before test")
        steps_alone = all(isinstance(gap, int) for gap in (self.horizon, self.embargo))
        if self.time_type == INTEGER and not steps_alone:
            raise ValueError("horizon and embargo in steps, since the time is a whole number")

    @property
    def shares(self) -> tuple[float, float]:
        """The shares of val and of test."""
        return (
            self.val if isinstance(self.val, float) else SHARE,
            self.test if isinstance(self.test, float) else SHARE,
        )

    @property
    def is_shared(self) -> bool:
        """Whether a split in time is by shares, which no stage takes."""
        return self.by == "time" and not isinstance(self.val, int | str)

    @property
    def time_type(self) -> str | None:
        """The type of times that val and test are; None of shares."""
        if self.by != "time" or self.is_shared:
            return None
        return INTEGER if isinstance(self.val, int) else MOMENT

    def point_of(self, part: str) -> int:
        """The ordinal of the first moment of val or test."""
        value = getattr(self, part)
        if isinstance(value, int):
            return value
        found = moment_of(value)
        assert found is not None
        return found

    def num_last(self, part: str) -> int:
        """How many examples of each user val or test takes, with `last`."""
        value = getattr(self, part)
        return 1 if value is None else int(value)
