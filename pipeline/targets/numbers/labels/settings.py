"""Keys that numbers add to params.yaml and to catalog entries."""

from typing import Annotated, Literal

from pydantic import Field

from pipeline.runtime.settings import Settings

Text = Annotated[str, Field(min_length=1)]


class ColumnFields(Settings):
    """Added to `columns` of an entry."""

    target: Text | None = None
    """The number to be estimated."""
    annotator: Text | None = None
    """Who gave the number, where several people did."""


class EntryFields(Settings):
    """Added to an entry."""

    annotations: Text | None = None
    """A CSV or Parquet file of several people's numbers (id, annotator, label): a path or a URL."""


class AugmentFields(Settings):
    """Added to `augment`."""

    target_scale: Literal["standard", "log"]
    """Units in which a network learns: standard deviations of the numbers of train or, for positive
    numbers of which the ratio counts (prices, variances), their logarithm."""
