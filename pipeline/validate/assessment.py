"""What a dataset is like: which examples are to be set aside, what else is wrong, its profile.

Expectations are asked in turn about the columns of the table, about each row, and then, of the
rows that remain, about the table, its classes, its splits, and what has changed since the profile
that people accepted.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.dataset.catalog import Expectation
from pipeline.dataset.table import SPLITS
from pipeline.modalities.images.compare.features import add_features
from pipeline.modalities.images.prepare.measurements import MEASUREMENTS
from pipeline.modalities.images.prepare.schema import RAW_SCHEMA, WITHOUT_CONTENT
from pipeline.validate import drift
from pipeline.validate import rules as suite
from pipeline.validate.expectations import Outcome, check, rule_of
from pipeline.validate.profile import (
    Profile,
    class_codes,
    id_checksums,
    label_signal,
    make_profile,
)

NO_LICENSE = ("", "?", "-", "unknown", "none", "null", "nan", "n/a", "na", "tbd", "todo")
MIN_CONTRAST = 0.005  # a grey level or so
MIN_BRIGHTNESS = 0.005
MAX_ASPECT_RATIO = 10
USUAL_SIZE_SHARE = 0.9  # when so many images are of one size, the others are odd
LOOK_STEPS = 32  # of brightness and contrast, which an image that looks the same shares


@dataclass(frozen=True)
class Assessment:
    """What was found out about a dataset."""

    outcomes: list[Outcome]
    quarantine: dict[str, str]
    """Reasons by id of the examples to be set aside."""
    profile: dict[str, Any] = field(default_factory=dict)
    """Of the examples that remain; empty when the run has to stop before it can be made."""

    def failed(self, consequence: str) -> list[Outcome]:
        """What failed and is `critical`, had rows `set aside`, or is a `warning`."""
        return [o for o in self.outcomes if not o.success and o.consequence == consequence]


def assess(
    table: pa.Table,
    classes: Sequence[str],
    own: Sequence[Expectation],
    *,
    min_examples_per_class: int,
    max_drift: float,
    before: Profile | None,
) -> Assessment:
    """Check a table of measurements: data/raw without images.

    `own` are the expectations of the catalog entry, `before` is the accepted profile if there is
    one. For `max_drift` see params.py.

    Raises:
        SettingsError: an expectation of the entry cannot be made or evaluated.
    """
    outcomes = check(_columns(table.schema), suite.COLUMN_RULES, "columns")
    if not outcomes[0].success:
        return Assessment(outcomes, {})
    own_rules = [rule_of(expectation) for expectation in own]
    about_rows = [rule for rule in own_rules if rule.reason]
    about_table = [rule for rule in own_rules if not rule.reason]

    rows = _frame(table)
    rules = [*suite.IDENTITY_RULES, *suite.row_rules(classes, own), *about_rows]
    outcomes += check(rows, rules)
    quarantine = _reasons(outcomes, rows)
    if any(outcome.consequence == "critical" and not outcome.success for outcome in outcomes):
        return Assessment(outcomes, quarantine)  # without ids no row can be set aside
    kept = rows[~rows["id"].isin(list(quarantine))].reset_index(drop=True)
    if kept.empty:
        return Assessment(outcomes, quarantine)

    checksums = id_checksums(kept)
    add_features(kept)
    _add_relations(kept)
    rules = [*suite.TABLE_RULES, *about_table]
    signal = label_signal(kept, class_codes(kept, classes), checksums)
    if signal is not None:
        kept["label_signal"] = signal
        rules += suite.signal_rules(kept, len(classes), before, max_drift)
    by_class = drift.class_table(kept, classes, before)
    rules_of_classes = suite.class_rules(by_class, min_examples_per_class)
    if before is not None:
        rules += suite.drift_rules(kept, before, max_drift)
        rules_of_classes += suite.moved_rules("classes look as in the profile", max_drift)
    outcomes += check(kept, rules)
    outcomes += check(by_class, rules_of_classes, "classes")
    outcomes += check(drift.split_table(kept), suite.split_rules(max_drift), "splits")
    if before is not None:
        rules = suite.moved_rules("measurements are as in the profile", max_drift)
        outcomes += check(drift.measurement_table(kept, before), rules, "measurements")
        known = drift.remembered_table(kept, checksums, before)
        outcomes += check(known, suite.REMEMBERED_RULES, "known examples")
    return Assessment(outcomes, quarantine, make_profile(kept, classes, checksums))


def _columns(schema: pa.Schema) -> pd.DataFrame:
    """A row for each column that is there or should be: id (its name), type, expected."""
    expected = {name: str(RAW_SCHEMA.field(name).type) for name in WITHOUT_CONTENT}
    found = {field.name: str(field.type) for field in schema}
    names = sorted(expected | found)
    return pd.DataFrame(
        {
            "id": names,
            "type": [found.get(name, "missing") for name in names],
            "expected": [expected.get(name, "none") for name in names],
        }
    )


def _frame(table: pa.Table) -> pd.DataFrame:
    """The table, and what is asked of each row.

    Adds licensed, measured, blank, black_or_white and strip, which are truth values, and
    aspect_ratio. What is asked about the image counts as fine where there is none.
    """
    measured = pc.is_valid(table["sha256"])
    for name in ("mode", *(m.name for m in MEASUREMENTS)):
        measured = pc.and_(measured, pc.is_valid(table[name]))
    hashes = pc.fill_null(table["dhash"], 0)  # pandas would make floats of them
    table = table.set_column(table.schema.get_field_index("dhash"), "dhash", hashes)
    rows: pd.DataFrame = table.unify_dictionaries().to_pandas()
    fine = measured.to_numpy(zero_copy_only=False)
    for measurement in MEASUREMENTS:
        values = rows[measurement.name].to_numpy(np.float64)
        fine &= (values >= measurement.low) & (values <= measurement.high)
    unreadable = rows["problem"].notna().to_numpy()
    ratio = (rows["width"] / rows["height"]).to_numpy(np.float64)
    brightness = rows["brightness"].to_numpy(np.float64)
    named = [
        name for name in rows["license"].cat.categories if name.strip().lower() not in NO_LICENSE
    ]
    rows["aspect_ratio"] = ratio
    rows["licensed"] = rows["license"].isin(named) | rows["license"].isna()
    rows["measured"] = fine | unreadable
    rows["blank"] = (rows["contrast"] < MIN_CONTRAST).to_numpy()
    rows["black_or_white"] = (brightness < MIN_BRIGHTNESS) | (brightness > 1 - MIN_BRIGHTNESS)
    rows["strip"] = (ratio > MAX_ASPECT_RATIO) | (ratio < 1 / MAX_ASPECT_RATIO)
    return rows


def _reasons(outcomes: Sequence[Outcome], rows: pd.DataFrame) -> dict[str, str]:
    """Why each row is to be set aside, by id in order; of several reasons the first."""
    reasons: dict[str, str] = {}
    for outcome in outcomes:
        if outcome.rule.reason and not outcome.success:
            reasons = dict.fromkeys(outcome.failed_ids, outcome.rule.reason) | reasons
    problems = rows[rows["problem"].notna()]
    for id, problem in zip(problems["id"], problems["problem"], strict=True):
        reasons[str(id)] = f"unreadable: {problem}"
    return dict(sorted(reasons.items()))


def _add_relations(kept: pd.DataFrame) -> None:
    """Add what rows are to each other: truth values.

    straddles: its group is in several splits. repeated: an earlier row has the same image; leaked:
    a row in another split has. look_repeated, look_leaked: the same, of images that look alike
    (same difference hash, brightness and contrast). odd_size: nearly all are of another size.
    """
    splits = kept["split"].cat.set_categories(SPLITS).cat.codes.to_numpy()
    groups = pd.factorize(kept["group"])[0]
    kept["straddles"] = _in_several(groups, splits)
    steps = [
        (kept[n].to_numpy(np.float64) * LOOK_STEPS).astype(np.uint64)
        for n in ("brightness", "contrast")
    ]
    looks = kept["dhash"].to_numpy(np.uint64)
    for step in steps:
        looks = (looks ^ step) * np.uint64(0x9E3779B97F4A7C15)
    for prefix, values in (("", kept["sha256"]), ("look_", looks)):
        codes = pd.factorize(values)[0]
        kept[f"{prefix}repeated"] = pd.Series(codes).duplicated().to_numpy()
        kept[f"{prefix}leaked"] = _in_several(codes, splits)
    sizes = kept["height"].to_numpy(np.int64) * 2**32 + kept["width"].to_numpy(np.int64)
    names, counts = np.unique(sizes, return_counts=True)
    nearly_all = counts.max() >= USUAL_SIZE_SHARE * len(kept)
    kept["odd_size"] = (sizes != names[counts.argmax()]) & nearly_all


def _in_several(
    codes: NDArray[np.integer[Any]], splits: NDArray[np.integer[Any]]
) -> NDArray[np.bool_]:
    """Which rows share their code with a row of another split; none of those with code -1."""
    num = np.zeros(codes.max(initial=-1) + 2, np.int64)
    for split in range(len(SPLITS)):
        num += np.bincount(codes[splits == split] + 1, minlength=len(num)) > 0
    several: NDArray[np.bool_] = (num[codes + 1] > 1) & (codes >= 0)
    return several
