"""What params.yaml says of reports about texts."""

from pipeline.runtime.settings import Settings


class ReportFields(Settings):
    """Added to `report`."""

    texts: bool = False
    """Whether reports/, which lie in git, show texts of examples, or ids alone: in pictures, and
    in model/decided.csv the words by which the worst mistakes came about."""
