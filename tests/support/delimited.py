"""Files of text as readers of tables get them."""

import io
from functools import partial

import pytest

from pipeline.runtime.errors import SourceError
from pipeline.sources.tables.delimited import DelimitedText
from pipeline.sources.tables.json_lines import JsonLines


def bytes_of(data: str | bytes) -> bytes:
    return data.encode() if isinstance(data, str) else data


def text_of(data: str | bytes, **said) -> DelimitedText:
    """A file of delimited text; `said` is what a person says of it."""
    form = DelimitedText.format._replace(**said)
    return DelimitedText(partial(io.BytesIO, bytes_of(data)), "a.csv", form)


def json_of(data: str | bytes) -> JsonLines:
    return JsonLines(partial(io.BytesIO, bytes_of(data)), "a.jsonl")


def content(table: DelimitedText | JsonLines) -> dict[str, list[str | None]]:
    """Values by column, which are the same at once and in batches."""
    names = [name for name in table.names if name]
    whole = table.read(names)
    batches = [batch.to_pylist() for batch in table.batches(names)]
    assert [row for batch in batches for row in batch] == whole.to_pylist()
    assert whole.num_rows == table.num_rows
    return whole.to_pydict()


def refusal(table: DelimitedText | JsonLines) -> str:
    with pytest.raises(SourceError) as caught:
        content(table)
    assert "\n" not in str(caught.value)
    return str(caught.value)
