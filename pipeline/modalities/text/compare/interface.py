"""The names of modalities/protocols/compare.py, for texts."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.dataset.arrays import Rows
from pipeline.modalities.pairs import Pairs, Progress
from pipeline.modalities.text.compare.distances import NEEDED, distances
from pipeline.modalities.text.compare.loading import LoadedTexts, load_texts
from pipeline.modalities.text.compare.near_copies import as_rows, find_near
from pipeline.modalities.text.compare.shingles import shingles_of
from pipeline.modalities.text.content.folding import folded

__all__ = ["NEEDED", "digests", "distances", "find_pairs", "load", "tells_apart"]

UNUSUAL = 8.0


def load(folder: Path, index: Mapping[str, Any]) -> LoadedTexts:
    return load_texts(folder, index)


def tells_apart(loaded: LoadedTexts) -> NDArray[np.bool_]:
    """All that say something: people who write the same have copied, or say nothing new."""
    return np.array([bool(text) for text in loaded.texts], bool)


def digests(loaded: LoadedTexts) -> list[str]:
    """Texts with the same one are copies: they differ in case, blanks or what nobody sees alone."""
    return [hashlib.sha256(folded(text).encode()).hexdigest() for text in loaded.texts]


def find_pairs(
    loaded: LoadedTexts, rows: Rows, ranks: Rows, progress: Progress
) -> tuple[Pairs, int]:
    """Texts that share most of what is rare in them."""
    with progress(len(rows)) as bar:
        found = find_near(shingles_of([loaded.texts[row] for row in rows.tolist()]))
        bar.update(len(rows))
    return as_rows(found, rows), 0
