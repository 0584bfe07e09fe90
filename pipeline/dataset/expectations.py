"""The Great Expectations suite over the table of measurements, and how it is run.

Every suite says that each row is whole and that the dataset is one; a catalog entry adds its
own under `expectations:`. An expectation passes, or it names the rows that fail it; where
single rows may be set aside (`quarantine`), those fail no run by themselves.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from pipeline.dataset.catalog import Expectation
from pipeline.runtime.errors import SettingsError

SPLITS = ["train", "val", "test"]


@dataclass(frozen=True)
class Outcome:
    """What came of one expectation."""

    name: str
    severity: str
    success: bool
    observed: str
    """What was found, in a few words, without data values longer than a line."""
    failed_ids: tuple[str, ...]
    """Ids of the examples that fail it; empty for an expectation about the whole table."""


def built_in(classes: Sequence[str], min_examples_per_class: int) -> list[Expectation]:
    """What holds for every dataset. Rows are readable images here; see validate.py."""
    per_value = "expect_column_values_to_be_"
    critical: list[tuple[str, dict[str, Any]]] = [
        ("expect_table_row_count_to_be_between", {"min_value": 1}),
        ("expect_column_values_to_not_be_null", {"column": "id"}),
        (per_value + "unique", {"column": "id"}),
        ("expect_column_values_to_not_be_null", {"column": "label"}),
        (per_value + "in_set", {"column": "label", "value_set": list(classes)}),
        (per_value + "in_set", {"column": "split", "value_set": SPLITS}),
        (
            "expect_column_distinct_values_to_contain_set",
            {"column": "split", "value_set": SPLITS},
        ),
        (
            "expect_column_distinct_values_to_contain_set",
            {"column": "train_label", "value_set": list(classes)},
        ),
        ("expect_column_max_to_be_between", {"column": "splits_of_group", "max_value": 1}),
        (per_value + "between", {"column": "width", "min_value": 1}),
        (per_value + "between", {"column": "height", "min_value": 1}),
        ("expect_column_values_to_not_be_null", {"column": "license"}),
    ]
    warning: list[tuple[str, dict[str, Any]]] = [
        (per_value + "between", {"column": "contrast", "min_value": 0.005}),
        (per_value + "between", {"column": "brightness", "min_value": 0.005, "max_value": 0.995}),
        (per_value + "between", {"column": "aspect_ratio", "min_value": 0.2, "max_value": 5}),
        (
            "expect_column_proportion_of_unique_values_to_be_between",
            {"column": "sha256", "min_value": 0.95},
        ),
        (
            "expect_column_min_to_be_between",
            {"column": "examples_of_class", "min_value": min_examples_per_class},
        ),
    ]
    return [Expectation(type=t, kwargs=k) for t, k in critical] + [
        Expectation(type=t, kwargs=k, severity="warning") for t, k in warning
    ]


def add_derived_columns(table: pd.DataFrame) -> pd.DataFrame:
    """Columns that the expectations look at and the example table does not have."""
    table = table.copy()
    in_train = table["split"] == "train"
    table["train_label"] = table["label"].where(in_train)
    table["examples_of_class"] = table["train_label"].map(table["train_label"].value_counts())
    table["aspect_ratio"] = table["width"] / table["height"]
    splits = table.groupby("group")["split"].nunique()
    table["splits_of_group"] = table["group"].map(splits).fillna(1).astype(int)
    return table


def check(table: pd.DataFrame, expectations: Sequence[Expectation]) -> list[Outcome]:
    """Run the expectations over the table, in their order.

    Raises:
        SettingsError: an expectation of that type or with those arguments does not exist.
        RuntimeError: Great Expectations did not evaluate all of them.
    """
    import great_expectations as gx
    from great_expectations.expectations.registry import get_expectation_impl

    logging.getLogger("great_expectations").setLevel(logging.ERROR)
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    batch = (
        context.data_sources.add_pandas("measurements")
        .add_dataframe_asset("examples")
        .add_batch_definition_whole_dataframe("all")
        .get_batch({"dataframe": table})
    )
    suite = gx.ExpectationSuite(name="dataset")
    # Great Expectations keeps one of equal ones, so each is asked once.
    distinct = {_key(expectation): expectation for expectation in expectations}
    for position, expectation in enumerate(distinct.values()):
        try:
            implementation = get_expectation_impl(expectation.type)
            suite.add_expectation(
                implementation(
                    **expectation.kwargs,
                    severity=expectation.severity,
                    meta={"position": position},
                )
            )
        except Exception as error:  # the library's own errors are of many kinds
            reason = " ".join(str(error).split())[:200]
            raise SettingsError(
                f"expectation {expectation.type} cannot be made: {reason}",
                fix="see the gallery of Great Expectations for types and their arguments",
            ) from None
    result_format = {
        "result_format": "COMPLETE",
        "unexpected_index_column_names": ["id"],
        "include_unexpected_rows": False,
    }
    results = batch.validate(suite, result_format=result_format).results
    if len(results) != len(distinct):  # it skips what it cannot make sense of
        raise RuntimeError(f"{len(results)} of {len(distinct)} expectations were evaluated")
    results = sorted(results, key=lambda result: result.expectation_config.meta["position"])
    by_key = dict(zip(distinct, results, strict=True))
    return [_outcome(e, by_key[_key(e)], len(table)) for e in expectations]


def _key(expectation: Expectation) -> str:
    return expectation.model_dump_json()


def _outcome(expectation: Expectation, result: Any, num_rows: int) -> Outcome:
    raised = _exception_message(result.exception_info)
    if raised:
        raise SettingsError(
            f"expectation {_name(expectation)} could not be evaluated: {raised[:200]}",
            fix="check its column and arguments in the catalog entry",
        )
    rows = result.result.get("unexpected_index_list") or []
    ids = tuple(sorted({str(row["id"]) for row in rows}))
    if ids:
        observed = f"{len(ids)} of {num_rows} examples: {', '.join(ids[:3])}" + (
            " …" if len(ids) > 3 else ""
        )
    else:
        value, missing = (result.result.get(k) for k in ("observed_value", "partial_missing_list"))
        observed = "" if value is None else str(value)[:120]
        if missing:
            observed = "missing: " + ", ".join(sorted(map(str, missing)))[:120]
    return Outcome(_name(expectation), expectation.severity, bool(result.success), observed, ids)


def _name(expectation: Expectation) -> str:
    """`width: values to be between (min_value 1)`, for expect_column_values_to_be_between."""
    kwargs = dict(expectation.kwargs)
    column = kwargs.pop("column", None)
    words = expectation.type.removeprefix("expect_").removeprefix("column_").replace("_", " ")
    shown = ", ".join(f"{key} {value}" for key, value in kwargs.items())
    shown = shown if len(shown) <= 60 else shown[:57] + "..."
    return (f"{column}: " if column else "") + words + (f" ({shown})" if shown else "")


def _exception_message(info: dict[str, Any] | None) -> str:
    """Exception information comes flat, or keyed by metric when a column is missing."""
    if not info:
        return ""
    if "raised_exception" in info:
        return str(info.get("exception_message", "")) if info["raised_exception"] else ""
    return next((m for m in map(_exception_message, info.values()) if m), "")
