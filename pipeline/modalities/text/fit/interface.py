"""The names of modalities/protocols/fit.py, for texts: how many n-grams there are."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import pyarrow as pa

from pipeline.modalities.protocols.encode import Inputs, Preparation
from pipeline.modalities.protocols.fit import Sums
from pipeline.modalities.text.encode.bags import NGRAMS
from pipeline.modalities.text.fit.sizes import sizes_of


def fit(
    index: Mapping[str, Any],
    tables: Callable[[], Iterable[pa.Table]],
    settings: Any,
) -> Preparation:
    """As many buckets as the n-grams of train need, and as much room as most texts need."""
    options = index["content"].get("options", {})
    return {NGRAMS: sizes_of(tables), "options": options}


def sums(inputs: Inputs) -> Sums:
    return {}


def finish(preparation: Preparation, sums: Sums) -> Preparation:
    return preparation
