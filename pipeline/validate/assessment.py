"""What a dataset is like: which examples are to be set aside, what else is wrong, its profile.

Rules are asked in turn about the columns of the table, about each row, and then, of the rows that
remain, about the table, its labels, its splits, and what has changed since the profile that people
accepted. The modality and the target have some of the rules, and make the columns for these.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.dataset.catalog import Expectation
from pipeline.dataset.expectations.drift import Profile
from pipeline.dataset.expectations.gaps import beyond_gap, times_as_numbers
from pipeline.dataset.expectations.relations import add_repeats, in_several_splits, split_codes
from pipeline.dataset.expectations.rules import Rule, hardly_moved, unjudged
from pipeline.modalities.protocols.checks import Checks
from pipeline.targets.protocols.rules import Rules
from pipeline.validate import drift
from pipeline.validate import rules as suite
from pipeline.validate.columns import column_table, expected_columns, time_type
from pipeline.validate.expectations import Outcome, check, rule_of
from pipeline.validate.profile import id_checksums, make_profile

Ask = Callable[[pd.DataFrame, Sequence[Rule], str], list[Outcome]]
NO_LICENSE = ("", "?", "-", "unknown", "none", "null", "nan", "n/a", "na", "tbd", "todo")


@dataclass(frozen=True)
class Assessment:
    """What was found out about a dataset."""

    outcomes: list[Outcome]
    quarantine: dict[str, str]
    """Reasons by id of the examples to be set aside."""
    profile: dict[str, Any] = field(default_factory=dict)
    """The profile of the examples that remain; empty when the run has to stop before it is made."""

    def failed(self, consequence: str) -> list[Outcome]:
        """What failed and is `critical`, had rows `set aside`, or is a `warning`."""
        return [o for o in self.outcomes if not o.success and o.consequence == consequence]

    def unjudged(self) -> list[tuple[str, str]]:
        """Each expectation that could not be judged, wholly or of some rows, and why."""
        return [(o.name, o.unjudged) for o in self.outcomes if o.unjudged]


def assess(
    table: pa.Table,
    index: Mapping[str, Any],
    own: Sequence[Expectation],
    checks: Checks,
    labels: Rules,
    *,
    settings: Any,
    before: Profile | None,
    ask: Ask = check,
) -> Assessment:
    """Check a table of measurements: data/raw without heavy content.

    Args:
        index: of data/raw.
        own: the expectations of the catalog entry.
        settings: the section `validate`.
        before: the accepted profile if there is one.
        ask: who is asked whether rules hold for a table.

    Raises:
        SettingsError: an expectation of the entry cannot be made or evaluated.
    """
    content, target, max_drift = index["content"], index["target"], settings.max_drift
    columns = column_table(table.schema, expected_columns(checks, labels, time_type(table.schema)))
    outcomes = ask(columns, suite.COLUMN_RULES, "columns")
    if not outcomes[0].success:
        return Assessment(outcomes, {})
    own_rules = [rule_of(expectation) for expectation in own]
    about_rows = [rule for rule in own_rules if rule.reason]
    about_table = [rule for rule in own_rules if not rule.reason]

    rows = _frame(table, checks)
    rows["label"] = rows[labels.LABEL.name]
    rules = suite.row_rules(labels.row_rules(target), checks.ROW_RULES, own)
    outcomes += ask(rows, [*suite.IDENTITY_RULES, *rules, *about_rows], "examples")
    quarantine = _reasons(outcomes, rows)
    if any(outcome.consequence == "critical" and not outcome.success for outcome in outcomes):
        return Assessment(outcomes, quarantine)  # without ids no row can be set aside
    kept = rows[~rows["id"].isin(list(quarantine))].reset_index(drop=True)
    if kept.empty:
        return Assessment(outcomes, quarantine)

    checksums = id_checksums(kept)
    if before is not None:
        known = drift.remembered_table(kept, checksums, before)
        before = drift.with_kept(before, known)
    features = checks.features(content)
    checks.add_features(kept, content)
    _add_relations(kept)
    checks.add_relations(kept)
    is_parted = "split" in index or "parts_groups" in index
    across = [] if is_parted else [suite.whole_groups(bool(kept["group"].notna().any()))]
    rules = [*across, *suite.table_rules(checks.ACROSS_SPLITS, checks.AMONG_EXAMPLES)]
    rules += suite.TIME_RULES if "time" in kept else []
    rules += about_table
    signal = labels.signal(kept, partial(checks.patterns, content=content), checksums, target)
    if signal is not None:
        kept["label_signal"] = signal.values
        rules += labels.signal_rules(kept, target, before, settings)
    else:
        lacking = f"too few examples ({len(kept)}), or one label for all"
        rules.append(unjudged("labels have to do with the examples", lacking))
    if before is None:
        rules += suite.WITHOUT_PROFILE
    else:
        drift_of_labels = labels.drift_rules(kept, before, settings)
        rules += suite.drift_rules(kept, drift_of_labels, before, max_drift)
    outcomes += ask(kept, rules, "examples")
    for about in labels.label_tables(kept, features.names, target, before, settings):
        outcomes += ask(about.rows, about.rules, about.noun)
    for of_content in checks.tables(kept, content, before, settings):
        outcomes += ask(of_content.rows, of_content.rules, of_content.noun)
    splits = drift.split_table(kept, features.names, None if signal is None else signal.chance)
    rules = suite.split_rules(max_drift, with_signal=signal is not None)
    outcomes += ask(splits, rules, "splits")
    if before is not None:
        rules = [hardly_moved("measurements are as in the profile", max_drift)]
        moved = drift.measurement_table(kept, features, before)
        outcomes += ask(moved, rules, "measurements")
        outcomes += ask(known, suite.REMEMBERED_RULES, "known examples")
    label_profile = {
        **labels.profile(kept, features.names, target),
        **checks.profile(kept, content),
    }
    profile = make_profile(kept, features, checks.WORDS, label_profile, checksums)
    return Assessment(outcomes, quarantine, profile)


def _frame(table: pa.Table, checks: Checks) -> pd.DataFrame:
    """The table, and what is asked of each row.

    Adds licensed and measured, which are truth values, and what the modality adds. What is asked
    about the content counts as fine where there is none.
    """
    measured = pc.is_valid(table["sha256"])
    for name in (*checks.WORDS, *(m.name for m in checks.MEASUREMENTS)):
        measured = pc.and_(measured, pc.is_valid(table[name]))
    rows: pd.DataFrame = _with_whole_numbers(table, checks).unify_dictionaries().to_pandas()
    fine = measured.to_numpy(zero_copy_only=False)
    for measurement in checks.MEASUREMENTS:
        values = rows[measurement.name].to_numpy(np.float64)
        fine &= (values >= measurement.low) & (values <= measurement.high)
    unreadable = rows["problem"].notna().to_numpy()
    named = [
        name for name in rows["license"].cat.categories if name.strip().lower() not in NO_LICENSE
    ]
    rows["licensed"] = rows["license"].isin(named) | rows["license"].isna()
    rows["measured"] = fine | unreadable
    checks.add_row_checks(rows)
    return rows


def _with_whole_numbers(table: pa.Table, checks: Checks) -> pa.Table:
    """The table with 0 for missing measurements of 64 bits, which pandas would make floats of."""
    for measurement in checks.MEASUREMENTS:
        if measurement.type in ("int64", "uint64"):
            place = table.schema.get_field_index(measurement.name)
            column = pc.fill_null(table[measurement.name], 0)
            table = table.set_column(place, measurement.name, column)
    return table


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

    straddles: its group is in several splits. repeated: an earlier row has the same content;
    leaked: a row in another split has. Where there are times, beyond_gap: see `beyond_gap`.
    """
    groups = pd.factorize(kept["group"])[0]
    kept["straddles"] = in_several_splits(groups, split_codes(kept))
    add_repeats(kept, "", kept["sha256"])
    if "time" in kept:
        kept["beyond_gap"] = beyond_gap(times_as_numbers(kept["time"]))
