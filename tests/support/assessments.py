"""What tests of the assessment share: how to assess, and what a broken image does."""

from typing import Any

import pyarrow as pa

from pipeline.dataset.catalog import Expectation
from pipeline.validate.assessment import Assessment, assess
from pipeline.validate.profile import Profile
from tests.support.tables import CLASSES, table_of

Columns = dict[str, list[Any]]


def look_at(
    table: pa.Table | Columns, own: tuple[Expectation, ...] = (), before: Profile | None = None
) -> Assessment:
    if isinstance(table, dict):
        table = table_of(table)
    return assess(table, CLASSES, own, min_examples_per_class=20, max_drift=0.1, before=before)


def failures(found: Assessment) -> dict[str, str]:
    """What failed, with its consequence."""
    return {o.name: o.consequence for o in found.outcomes if not o.success}


def make_unreadable(columns: Columns, row: int) -> None:
    columns["problem"][row] = "no image: PNG or JPEG expected"
    measured = ["sha256", "dhash", "mode", "width", "height", "channels"]
    for name in [*measured, "brightness", "contrast", "sharpness", "red", "green", "blue"]:
        columns[name][row] = None
