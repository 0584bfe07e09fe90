"""What params.yaml says to describe."""

from typing import Any

from pipeline.runtime.settings import Kind, Name


class DescribeParams(Kind):
    dataset: Name
    report: dict[str, Any]
    """The section that report has checked. Where its modality adds `texts`, contents of examples
    are shown only if that is true."""


def describe_params(modality: str, target: str) -> type[DescribeParams]:
    """All that describe reads."""
    return DescribeParams
