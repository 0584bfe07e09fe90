"""What a catalog entry says of what was taken."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from pipeline.runtime.settings import Settings


def _as_name(value: Any) -> Any:
    """A column of a table without a header is named by its number, from 0."""
    is_number = isinstance(value, int) and not isinstance(value, bool) and value >= 0
    return str(value) if is_number else value


Column = Annotated[str, Field(min_length=1), BeforeValidator(_as_name)]


class ColumnFields(Settings):
    """Added to `columns` of an entry."""

    item: Column | None = None
    """What was taken: an id."""
