"""Parameters of export."""

from typing import Annotated, Literal

from pydantic import Field

from pipeline.runtime.settings import Fraction, Kind, Settings

Adjustment = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")]


class Export(Settings):
    """The section `export`."""

    precision: Literal["fp32", "int8"]
    """The numbers in which the served graph computes. `fp32` answers as the network does. `int8` is
    a third of the size and up to twice as fast where the processor computes in it; some answers
    change, and reports/export.json says how many agree."""
    max_accuracy_drop: Fraction
    """How much `int8` may lower the accuracy on validation, 0.005 being half a percentage point;
    of an error, by what share it may rise. Beyond, the stage fails."""
    adjustment: Adjustment = "none"
    """The name of a file in models/adjustments, which `groundwork adjust` made of traffic."""


class ExportParams(Kind):
    export: Export


def export_params(modality: str, target: str) -> type[ExportParams]:
    """All that export reads."""
    return ExportParams
