"""Texts of data/raw in the form in which they are compared."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from pipeline.dataset.table import read_tables


class LoadedTexts(NamedTuple):
    """N texts; empty where a row has none."""

    texts: list[str]


def load_texts(folder: Path, index: Mapping[str, Any]) -> LoadedTexts:
    return LoadedTexts(
        [
            text or ""
            for table in read_tables(folder, ["text"])
            for text in table["text"].to_pylist()
        ]
    )
