"""Parameters of report."""

from typing import Annotated

from pydantic import Field

from pipeline.runtime.settings import Settings


class Report(Settings):
    num_mistakes: Annotated[int, Field(ge=1, le=400)]
    """Images in the picture of the worst mistakes."""


class ReportParams(Settings):
    report: Report
