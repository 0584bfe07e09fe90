"""Parameters of report."""

from typing import Annotated, Any

from pydantic import Field

from pipeline.runtime.settings import Kind, Settings


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
    return ReportParams
