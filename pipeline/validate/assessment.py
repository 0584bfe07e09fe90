"""What a dataset is like: which examples are to be set aside, what else is wrong, its profile.

Expectations are asked in turn about the columns of the table, about each row, and then, of the
rows that remain, about the table, its classes, its splits, and what has changed since the profile
that people accepted.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.dataset.catalog import Expectation
from pipeline.dataset.table import SPLITS
from pipeline.dataset.validation.rules import moved
from pipeline.dataset.validation.statistics import Profile
from pipeline.modalities.opening import open_checks, open_content
from pipeline.modalities.protocols.checks import InSeveral
from pipeline.runtime.settings import Kind
from pipeline.schema import raw_schema_of
from pipeline.targets.opening import open_rules
from pipeline.validate import drift, rules
from pipeline.validate.expectations import Outcome, check, rule_of
from pipeline.validate.profile import id_checksums, make_profile

if TYPE_CHECKING:
    from pipeline.modalities.protocols.content import Content

NO_LICENSE = ("", "?", "-", "unknown", "none", "null", "nan", "n/a", "na", "tbd", "todo")


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
    kind: Kind,
    target: Mapping[str, Any],
    own: Sequence[Expectation],
    settings: Any,
    before: Profile | None,
) -> Assessment:
    """Check data/raw without contents, of the modality and the target that `kind` names.

    Args:
        target: what labels may be, as the index of data/raw has it.
        own: the expectations of the catalog entry.
        settings: the section `validate`.
        before: the accepted profile, if there is one.

    Raises:
        SettingsError: an expectation of the entry cannot be made or evaluated.
    """
    content, checks = open_content(kind.modality), open_checks(kind.modality)
    labels = open_rules(kind.target)
    features, max_drift = checks.FEATURES, settings.max_drift
    expected = raw_schema_of(kind.modality, kind.target)
    outcomes = check(_columns(table.schema, expected, content), rules.COLUMN_RULES, "columns")
    if not outcomes[0].success:
        return Assessment(outcomes, {})
    own_rules = [rule_of(expectation) for expectation in own]
    about_rows = [rule for rule in own_rules if rule.reason]
    about_table = [rule for rule in own_rules if not rule.reason]
    taken_over = {rule.column for rule in own_rules}.intersection(checks.REPLACED)
    of_content = [rule for rule in checks.ROW_RULES if rule.column not in taken_over]

    rows = _frame(table, content)
    checks.add_row_checks(rows)
    of_rows = rules.row_rules(content.NOUN, labels.row_rules(target), of_content)
    outcomes += check(rows, [*rules.IDENTITY_RULES, *of_rows, *about_rows])
    quarantine = _reasons(outcomes, rows)
    if any(outcome.consequence == "critical" and not outcome.success for outcome in outcomes):
        return Assessment(outcomes, quarantine)  # without ids no row can be set aside
    kept = rows[~rows["id"].isin(list(quarantine))].reset_index(drop=True)
    if kept.empty:
        return Assessment(outcomes, quarantine)

    checksums = id_checksums(kept)
    checks.add_features(kept)
    in_several = _add_relations(kept)
    checks.add_relations(kept, in_several)
    labels.add_columns(kept, target, checks.patterns, checksums)
    of_table = [*rules.table_rules(content.NOUN), *checks.TABLE_RULES, *about_table]
    of_table += labels.table_rules(kept, target, before, max_drift)
    if before is not None:
        of_table += rules.drift_rules(kept, before, max_drift, labels.counts_before(before))
    outcomes += check(kept, of_table)
    for by_label in labels.tables(kept, target, before, features, settings):
        outcomes += check(by_label.table, by_label.rules, by_label.noun)
    by_split = drift.split_table(kept, features, labels.add_to_splits)
    of_splits = rules.split_rules(max_drift, labels.split_rules(max_drift))
    outcomes += check(by_split, of_splits, "splits")
    if before is not None:
        of_measurements = moved("measurements are as in the profile", max_drift)
        by_measurement = drift.measurement_table(kept, before, features)
        outcomes += check(by_measurement, of_measurements, "measurements")
        known = drift.remembered_table(kept, checksums, before)
        outcomes += check(known, rules.REMEMBERED_RULES, "known examples")
    of_labels = labels.profile(kept, target, features)
    words = [*content.WORDS, "license"]
    return Assessment(
        outcomes, quarantine, make_profile(kept, features, words, of_labels, checksums)
    )


def _columns(schema: pa.Schema, wanted: pa.Schema, content: "Content") -> pd.DataFrame:
    """A row for each column that is there or should be: id (its name), type, expected."""
    expected = {
        field.name: str(field.type) for field in wanted if field.name not in content.CONTENT
    }
    found = {field.name: str(field.type) for field in schema}
    names = sorted(expected | found)
    return pd.DataFrame(
        {
            "id": names,
            "type": [found.get(name, "missing") for name in names],
            "expected": [expected.get(name, "none") for name in names],
        }
    )


def _frame(table: pa.Table, content: "Content") -> pd.DataFrame:
    """The table, and what is asked of each row: licensed and measured, which are truth values.

    What is asked about the content counts as fine where there is none.
    """
    measured = pc.is_valid(table["sha256"])
    for name in (*content.WORDS, *(m.name for m in content.MEASUREMENTS)):
        measured = pc.and_(measured, pc.is_valid(table[name]))
    for measurement in content.MEASUREMENTS:
        if measurement.type == "uint64":  # of which pandas would make floats, for the sake of null
            place = table.schema.get_field_index(measurement.name)
            filled = pc.fill_null(table[measurement.name], 0)
            table = table.set_column(place, measurement.name, filled)
    rows: pd.DataFrame = table.unify_dictionaries().to_pandas()
    fine = measured.to_numpy(zero_copy_only=False)
    for measurement in content.MEASUREMENTS:
        values = rows[measurement.name].to_numpy(np.float64)
        fine &= (values >= measurement.low) & (values <= measurement.high)
    unreadable = rows["problem"].notna().to_numpy()
    named = [
        name for name in rows["license"].cat.categories if name.strip().lower() not in NO_LICENSE
    ]
    rows["licensed"] = rows["license"].isin(named) | rows["license"].isna()
    rows["measured"] = fine | unreadable
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


def _add_relations(kept: pd.DataFrame) -> InSeveral:
    """Add what rows are to each other, as truth values; returns which codes are in several splits.

    straddles: its group is in several splits. repeated: an earlier row has the same content; leaked:
    a row in another split has.
    """
    splits = kept["split"].cat.set_categories(SPLITS).cat.codes.to_numpy()
    kept["straddles"] = _in_several(pd.factorize(kept["group"])[0], splits)
    codes = pd.factorize(kept["sha256"])[0]
    kept["repeated"] = pd.Series(codes).duplicated().to_numpy()
    kept["leaked"] = _in_several(codes, splits)
    return lambda codes: _in_several(codes, splits)


def _in_several(
    codes: NDArray[np.integer[Any]], splits: NDArray[np.integer[Any]]
) -> NDArray[np.bool_]:
    """Which rows share their code with a row of another split; none of those with code -1."""
    num = np.zeros(codes.max(initial=-1) + 2, np.int64)
    for split in range(len(SPLITS)):
        num += np.bincount(codes[splits == split] + 1, minlength=len(num)) > 0
    several: NDArray[np.bool_] = (num[codes + 1] > 1) & (codes >= 0)
    return several
