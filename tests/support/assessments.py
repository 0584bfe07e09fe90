"""What tests of the assessment share: how to assess, and what a broken image does."""

from types import SimpleNamespace
from typing import Any

import pyarrow as pa

from pipeline.dataset.catalog import Expectation
from pipeline.dataset.expectations.drift import Profile
from pipeline.modalities.opening import open_checks
from pipeline.targets.opening import open_rules
from pipeline.validate.assessment import Assessment, assess
from tests.support.tables import INDEX, table_of

Columns = dict[str, list[Any]]


def look_at(
    table: pa.Table | Columns, own: tuple[Expectation, ...] = (), before: Profile | None = None
) -> Assessment:
    if isinstance(table, dict):
        table = table_of(table)
    return assess(
        table,
        INDEX,
        own,
        open_checks("images"),
        open_rules("classes"),
        settings=SimpleNamespace(min_examples_per_class=20, max_drift=0.1),
        before=before,
    )


def failures(found: Assessment) -> dict[str, str]:
    """What failed, with its consequence."""
    return {o.name: o.consequence for o in found.outcomes if not o.success}


def make_unreadable(columns: Columns, row: int) -> None:
    columns["problem"][row] = "no image: PNG or JPEG expected"
    measured = ["sha256", "dhash", "mode", "width", "height", "channels"]
    for name in [*measured, "brightness", "contrast", "sharpness", "red", "green", "blue"]:
        columns[name][row] = None
