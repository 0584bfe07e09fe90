"""Checks rules with Great Expectations.

An expectation is about the rows of a table, one by one, or about the table as a whole. The table
may be one of examples, or one of splits, measurements or labels: each has a column `id`, by which
the rows that fail are named.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from pipeline.dataset.catalog import Expectation
from pipeline.dataset.expectations.rules import Rule
from pipeline.runtime.errors import SettingsError

NUM_SHOWN = 3  # ids in a printed line
MAX_SHOWN_CHARS = 120


@dataclass(frozen=True)
class Outcome:
    """The result of one expectation."""

    rule: Rule
    success: bool
    observed: str
    """The finding in a few words, without data values longer than a line."""
    failed_ids: tuple[str, ...] = ()
    """Ids of the rows that fail it; empty for an expectation about the whole table."""
    unjudged: str = ""
    """What could not be judged, and why, in a few words; with `judged`, only about some rows."""
    judged: bool = True
    """Whether anything could be judged at all; `success` says nothing otherwise."""

    @property
    def name(self) -> str:
        return self.rule.says

    @property
    def consequence(self) -> str:
        """`critical` stops the run, `set aside` removes the rows that fail, or `warning`.

        A failure that names no row is about the table, even if its type is about rows.
        """
        names_rows = self.success or self.failed_ids
        return "set aside" if self.rule.reason and names_rows else self.rule.expectation.severity


def rule_of(expectation: Expectation) -> Rule:
    """The rule for an expectation of a catalog entry; a critical one about rows sets them aside.

    Raises:
        SettingsError: there is no expectation of that type.
    """
    says = _describe(expectation)
    sets_aside = is_about_rows(expectation) and expectation.severity == "critical"
    return Rule(expectation, says, reason=says if sets_aside else None)


def is_about_rows(expectation: Expectation) -> bool:
    """Whether it names rows that fail, rather than one value of the whole table.

    Raises:
        SettingsError: there is no expectation of that type.
    """
    from great_expectations.expectations.expectation import (
        ColumnMapExpectation,
        ColumnPairMapExpectation,
        MulticolumnMapExpectation,
    )

    implementation = _implementation(expectation.type)
    return issubclass(
        implementation, (ColumnMapExpectation, ColumnPairMapExpectation, MulticolumnMapExpectation)
    )


def check(table: pd.DataFrame, rules: Sequence[Rule], noun: str = "examples") -> list[Outcome]:
    """Check the rules, in order, on a table whose rows are called `noun`.

    Raises:
        SettingsError: an expectation of that type or with those arguments does not exist.
        RuntimeError: Great Expectations did not evaluate all of them.
    """
    import great_expectations as gx

    judged_rules = [rule for rule in rules if not rule.lacking]
    if not judged_rules:
        return [_lacking(rule) for rule in rules]
    quiet()
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    distinct = _distinct(judged_rules)
    suite = suite_of(judged_rules, "dataset")
    batch = (
        context.data_sources.add_pandas("tables")
        .add_dataframe_asset("rows")
        .add_batch_definition_whole_dataframe("all")
        .get_batch({"dataframe": _needed(table, distinct.values()).reset_index(drop=True)})
    )
    result_format = {"result_format": "COMPLETE", "include_unexpected_rows": False}
    results = batch.validate(suite, result_format=result_format).results
    if len(results) != len(distinct):  # it silently skips some expectations
        raise RuntimeError(f"{len(results)} of {len(distinct)} expectations were evaluated")
    results = sorted(results, key=lambda result: result.expectation_config.meta["position"])
    by_key = dict(zip(distinct, results, strict=True))
    return [
        _lacking(rule) if rule.lacking else _outcome(rule, by_key[_key(rule)], table, noun)
        for rule in rules
    ]


def quiet() -> None:
    """Make Great Expectations log only errors."""
    logging.getLogger("great_expectations").setLevel(logging.ERROR)


def suite_of(rules: Sequence[Rule], name: str) -> Any:
    """Make a suite of the rules; the `meta` of each has its position.

    Raises:
        SettingsError: an expectation of that type or with those arguments does not exist.
    """
    import great_expectations as gx

    suite = gx.ExpectationSuite(name=name)
    for position, expectation in enumerate(_distinct(rules).values()):
        suite.add_expectation(_make(expectation, position))
    return suite


def _distinct(rules: Sequence[Rule]) -> dict[str, Expectation]:
    """Drop repeated expectations: Great Expectations keeps one of equal ones."""
    return {_key(rule): rule.expectation for rule in rules}


def _lacking(rule: Rule) -> Outcome:
    return Outcome(rule, True, "", unjudged=rule.lacking, judged=False)


def _implementation(type: str) -> Any:
    from great_expectations.expectations.registry import get_expectation_impl

    try:
        return get_expectation_impl(type)
    except Exception as error:  # the library's own errors are of many kinds
        raise _cannot_be_made(type, error) from None


def _make(expectation: Expectation, position: int) -> Any:
    try:
        return _implementation(expectation.type)(
            **expectation.kwargs, severity=expectation.severity, meta={"position": position}
        )
    except SettingsError:
        raise
    except Exception as error:
        raise _cannot_be_made(expectation.type, error) from None


def _cannot_be_made(type: str, error: Exception) -> SettingsError:
    reason = " ".join(str(error).split())[:200]
    return SettingsError(
        f"expectation {type} cannot be made: {reason}",
        fix="see the gallery of Great Expectations for types and their arguments",
    )


def _needed(table: pd.DataFrame, expectations: Any) -> pd.DataFrame:
    """Select the columns that the expectations need: Great Expectations hashes all it gets."""
    named: set[str] = set()
    for expectation in expectations:
        if not expectation.type.startswith(("expect_column_", "expect_table_row_count_")):
            return table
        for key, value in expectation.kwargs.items():
            if key in ("column", "column_A", "column_B"):
                named.add(value)
            elif key == "row_condition" and value:
                return table
    return table[[name for name in table.columns if name in named or name == "id"]]


def _key(rule: Rule) -> str:
    return rule.expectation.model_dump_json()


def _outcome(rule: Rule, result: Any, table: pd.DataFrame, noun: str) -> Outcome:
    raised = _exception_message(result.exception_info)
    if raised:
        raise SettingsError(
            f"expectation {rule.says} could not be evaluated: {raised[:200]}",
            fix="check its column and arguments in the catalog entry",
        )
    success, ids = bool(result.success), table["id"]
    if success and not _num_judged(result.result):
        lacking = f"needs {rule.needs}" if rule.needs else f"none of {len(ids)} {noun} has a value"
        return Outcome(rule, True, "", unjudged=lacking, judged=False)
    unjudged = _unjudged_rows(rule, table)
    rows = result.result.get("unexpected_index_list") or []
    failed = tuple(sorted({str(id) for id in ids.iloc[list(rows)]}))
    if failed:
        more = " …" if len(failed) > NUM_SHOWN else ""
        shown = ", ".join(failed[:NUM_SHOWN])[:MAX_SHOWN_CHARS]
        observed = f"{len(rows)} of {len(ids)} {noun}: {shown}{more}"
        return Outcome(rule, success, observed, failed, unjudged)
    value, missing = (result.result.get(key) for key in ("observed_value", "partial_missing_list"))
    if missing:
        observed = "missing: " + ", ".join(sorted(map(str, missing)))[:MAX_SHOWN_CHARS]
        return Outcome(rule, success, observed)
    if isinstance(value, float):
        value = f"{value:.4g}"
    observed = "" if value is None else str(value)[:MAX_SHOWN_CHARS]
    return Outcome(rule, success, observed, unjudged=unjudged)


def _num_judged(result: dict[str, Any]) -> int:
    """The number of values that an expectation was checked on; with none it always holds."""
    if "element_count" in result:
        return int(result["element_count"]) - int(result.get("missing_count") or 0)
    return 0 if "observed_value" in result and result["observed_value"] is None else 1


def _unjudged_rows(rule: Rule, table: pd.DataFrame) -> str:
    """A sentence on rows that lack what the rule needs to judge them; empty if there are none."""
    if not rule.needs or rule.column not in table:
        return ""
    missing = table["id"][table[rule.column].isna()].astype(str).tolist()
    if not missing:
        return ""
    more = " …" if len(missing) > NUM_SHOWN else ""
    shown = ", ".join(missing[:NUM_SHOWN])[:MAX_SHOWN_CHARS]
    return f"needs {rule.needs}; not so {shown}{more}"


def _describe(expectation: Expectation) -> str:
    """`width: values to be between (min_value 1)`, for expect_column_values_to_be_between."""
    kwargs = dict(expectation.kwargs)
    column = kwargs.pop("column", None)
    words = expectation.type.removeprefix("expect_").removeprefix("column_").replace("_", " ")
    shown = ", ".join(f"{key} {value}" for key, value in kwargs.items())
    shown = shown if len(shown) <= 60 else shown[:57] + "..."
    return (f"{column}: " if column else "") + words + (f" ({shown})" if shown else "")


def _exception_message(info: dict[str, Any] | None) -> str:
    """The exception's message; its information is flat, or by metric if a column is missing."""
    if not info:
        return ""
    if "raised_exception" in info:
        return str(info.get("exception_message", "")) if info["raised_exception"] else ""
    return next((m for m in map(_exception_message, info.values()) if m), "")
