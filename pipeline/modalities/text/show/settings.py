"""What params.yaml says of reports about texts."""

from pipeline.runtime.settings import Settings


class ReportFields(Settings):
    """Added to `report`."""

    texts: bool = False
    """Whether pictures in reports/, which lie in git, show the texts of examples, or ids alone."""
