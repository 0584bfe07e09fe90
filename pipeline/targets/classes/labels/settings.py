"""Keys that classes add to params.yaml and to catalog entries."""

from typing import Annotated, Literal

from pydantic import Field, field_validator

from pipeline.runtime.settings import Settings

Text = Annotated[str, Field(min_length=1)]


class ColumnFields(Settings):
    """Added to `columns` of an entry."""

    label: Text | None = None
    """Names of classes, or their indices."""
    annotator: Text | None = None
    """Who gave the label, where several people did."""


class EntryFields(Settings):
    """Added to an entry."""

    classes: Annotated[list[Text], Field(min_length=2)] | None = None
    """Class names in the order of their indices; from the data when not given."""
    annotations: Text | None = None
    """A CSV or Parquet file of several people's labels (id, annotator, label): a path, or a URL."""

    @field_validator("classes")
    @classmethod
    def _name_each_class_once(cls, classes: list[str] | None) -> list[str] | None:
        if classes is not None and len(set(classes)) < len(classes):
            raise ValueError("names that differ")
        return classes


class AugmentFields(Settings):
    """Added to `augment`."""

    balance: Literal["none", "sqrt", "full"]
    """Rows of each class in every copy but the first: as the data are, in proportion to the square
    root of that, or the same for all. Examples of rare classes then stand there several times, each
    time augmented differently, and those of frequent classes take turns (balance.py)."""
