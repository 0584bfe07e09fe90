"""The preparation of rows: their numbers and categories, with statistics of train.

`{"numbers": [{"name", "mean", "std", "quantiles"}], "categories": [{"name", "values"}], "options"}`
"""

from collections.abc import Mapping
from typing import Any

from pipeline.modalities.protocols.encode import Preparation
from pipeline.modalities.tables.content.columns import (
    CATEGORY,
    NUMBER,
    TableColumn,
    columns_of,
)


def columns_in(preparation: Preparation) -> list[TableColumn]:
    """The inputs: numbers, then categories, in the order in which they are encoded."""
    known = {column.name: column for column in columns_of(preparation.get("options", {}))}
    return [
        known.get(column["name"], TableColumn(column["name"], kind))
        for key, kind in (("numbers", NUMBER), ("categories", CATEGORY))
        for column in preparation[key]
    ]


def problem_in(preparation: Mapping[str, Any]) -> str | None:
    """See modalities/protocols/encode.py."""
    names: list[str] = []
    for key, needed in (("numbers", ("mean", "std", "quantiles")), ("categories", ("values",))):
        described = preparation.get(key)
        if not isinstance(described, list) or not all(
            isinstance(column, Mapping) for column in described
        ):
            return f"{key} should be a list of columns"
        for column in described:
            if not isinstance(column.get("name"), str):
                return f"a column of {key} has no name"
            if lacking := [name for name in needed if name not in column]:
                return f"column {column['name']} of {key} has no {lacking[0]}"
            names.append(column["name"])
    if not names:
        return "numbers and categories should not both be empty"
    return "two columns have one name" if len(set(names)) < len(names) else None
