"""Decodes inputs of a network to rows, to draw them."""

import math
from datetime import timedelta
from typing import Any

from pipeline.modalities.protocols.encode import Inputs, Preparation
from pipeline.modalities.tables.content.columns import DATE
from pipeline.modalities.tables.content.rows import Row
from pipeline.modalities.tables.content.values import EPOCH, Value
from pipeline.modalities.tables.encode.preparation import columns_in

UNKNOWN = "unknown"


def decoded(inputs: Inputs, preparation: Preparation) -> list[Row]:
    """Decode N rows to the values that a network sees."""
    kinds = {column.name: column.kind for column in columns_in(preparation)}
    rows: list[Row] = [{} for _ in range(len(next(iter(inputs.values()))))]
    for place, described in enumerate(preparation["numbers"]):
        is_date = kinds.get(described["name"]) == DATE
        for row, value in zip(rows, inputs["numbers"][:, place].tolist(), strict=True):
            row[described["name"]] = _number(value, is_date)
    for place, described in enumerate(preparation["categories"]):
        values: list[Any] = [UNKNOWN, None, *described["values"]]
        for row, code in zip(rows, inputs["categories"][:, place].tolist(), strict=True):
            row[described["name"]] = values[code] if code < len(values) else UNKNOWN
    return rows


def _number(value: float, is_date: bool) -> Value:
    if not math.isfinite(value):
        return None
    if is_date:
        try:
            return (EPOCH + timedelta(days=round(value))).date().isoformat()
        except OverflowError:
            return None
    return value
