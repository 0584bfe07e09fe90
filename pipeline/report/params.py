"""Parameters of report."""

from typing import Annotated

from pydantic import Field

from pipeline.runtime.settings import Kind, Settings


class Report(Settings):
    num_mistakes: Annotated[int, Field(ge=1, le=400)]
    """Examples in the picture of the worst mistakes."""


class ReportParams(Kind):
    report: Report


def report_params(modality: str, target: str) -> type[ReportParams]:
    """All that report reads."""
    return ReportParams
