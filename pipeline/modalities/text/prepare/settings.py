"""What params.yaml and a catalog entry say of texts."""

from typing import Annotated, Literal

from pydantic import Field, field_validator

from pipeline.runtime.settings import Settings

Text = Annotated[str, Field(min_length=1)]


class IngestFields(Settings):
    """Added to `ingest`."""

    redact: list[Literal["email", "phone", "card", "iban", "ip"]] = []
    """Kinds of personal values that are replaced in the texts, `<email>` and so on. They are
    counted always; names of people are out of reach of patterns."""

    @field_validator("redact")
    @classmethod
    def _name_each_once(cls, kinds: list[str]) -> list[str]:
        if len(set(kinds)) < len(kinds):
            raise ValueError("kinds that differ")
        return kinds


class ColumnFields(Settings):
    """Added to `columns` of an entry."""

    text: Text | list[Text] | None = None
    """The column of texts, or several, which are joined by a line end each."""
