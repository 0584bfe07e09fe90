"""The names of modalities/protocols/fit.py, for texts: how large the columns are."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import pyarrow as pa

from pipeline.modalities.protocols.encode import Inputs, Preparation
from pipeline.modalities.protocols.fit import Sums
from pipeline.modalities.text.encode.bags import NGRAMS
from pipeline.modalities.text.encode.pieces import PIECES
from pipeline.modalities.text.fit.sizes import pieces_for, sizes_of


def fit(
    index: Mapping[str, Any],
    tables: Callable[[], Iterable[pa.Table]],
    settings: Any,
) -> Preparation:
    """What `augment.encodings` asks for: as many buckets as the n-grams of train need, a tokenizer
    as it is, and as much room as most texts need.

    Raises:
        SettingsError, MissingInput: see `read_tokenizer`.
    """
    preparation: dict[str, Any] = {"options": index["content"].get("options", {})}
    if NGRAMS in settings.encodings:
        preparation[NGRAMS] = sizes_of(tables)
    if PIECES in settings.encodings:
        preparation[PIECES] = pieces_for(tables, settings.tokenizer)
    return preparation


def sums(inputs: Inputs) -> Sums:
    return {}


def finish(preparation: Preparation, sums: Sums) -> Preparation:
    return preparation
