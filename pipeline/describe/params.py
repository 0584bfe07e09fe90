"""What params.yaml says to describe."""

from pipeline.runtime.settings import Name, Settings


class DescribeParams(Settings):
    dataset: Name
