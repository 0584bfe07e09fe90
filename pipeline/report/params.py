"""Parameters of report; the modality adds to them."""

from typing import Annotated, Any

from pydantic import Field

from pipeline.modalities.opening import modality_fields
from pipeline.runtime.settings import Kind, Settings, with_fields


class Report(Settings):
    num_mistakes: Annotated[int, Field(ge=1, le=400)]
    """Examples in the picture of the worst mistakes."""


class ReportParams(Kind):
    clean: dict[str, Any]
    """Sections that clean and augment have checked; the card says by what the model was made."""
    augment: dict[str, Any]
    report: Report


def report_params(modality: str, target: str) -> type[ReportParams]:
    """All that report reads."""
    fields = modality_fields(modality, "show", "ReportFields")
    return with_fields(ReportParams, report=[fields])
