"""What params.yaml says to describe."""

from pipeline.runtime.settings import Kind, Name


class DescribeParams(Kind):
    dataset: Name


def describe_params(modality: str, target: str) -> type[DescribeParams]:
    """All that describe reads."""
    return DescribeParams
