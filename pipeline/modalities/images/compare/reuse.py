"""Finds near duplicates with the last run's candidates, cached by digests of pixels."""

import hashlib
from contextlib import suppress

import numpy as np
import pyarrow as pa

from pipeline.dataset.arrays import Rows
from pipeline.dataset.columns import binary_column, numbers_of
from pipeline.modalities.images.compare.candidates import NUM_CANDIDATES, NUM_SPLITS, Candidates
from pipeline.modalities.images.compare.descriptors import make_descriptor
from pipeline.modalities.images.compare.near_duplicates import MIN_SIDE, update_pairs
from pipeline.modalities.images.content.arrays import Images
from pipeline.modalities.pairs import Pairs, Progress
from pipeline.runtime.cache import key_of, read_cache, write_cache

NAME = "near_duplicates"  # of the cache
MAKER = "pipeline.modalities.images.compare.near_duplicates"
TYPES = {"keys": np.uint8, "rows": np.int32, "products": np.float32, "screened": np.int8}


def find_pairs_again(
    loaded: Images, rows: Rows, ranks: Rows, progress: Progress
) -> tuple[Pairs | None, int]:
    """Find near duplicates, and cache their candidates; see `update_pairs`.

    Returns:
        The pairs, and the number of images searched in the last run. None instead of pairs if
        images are too small to be told apart, or fewer than two.
    """
    if len(rows) < 2 or min(loaded.shape[1:3]) < MIN_SIDE:
        return None, 0
    key = candidates_key(loaded.shape[1:])
    known = read_candidates(key)
    pairs, candidates = update_pairs(loaded, rows, ranks, known, progress)
    keep_candidates(candidates, key)
    return pairs, known.num_shared(candidates) if known else 0


def candidates_key(shape: tuple[int, int, int]) -> str:
    """Cache key of candidates, without images and splits; `shape` is `(H, W, C)`."""
    directions = make_descriptor(shape).directions.tobytes()  # other machines may round differently
    return key_of(MAKER, shape=shape, directions=hashlib.sha256(directions).hexdigest())


def read_candidates(key: str) -> Candidates | None:
    """Read the last run's candidates of this key; None if none are cached."""
    table = read_cache(NAME, key)
    if table is None:
        return None
    keys, *lists = (numbers_of(table[name], np.dtype(type)) for name, type in TYPES.items())
    shape = (table.num_rows, NUM_SPLITS, 2, NUM_CANDIDATES)
    return Candidates(keys, *(part.reshape(shape) for part in lists))


def keep_candidates(candidates: Candidates, key: str) -> None:
    """Cache candidates for the next run, if the disk has room."""
    columns = [binary_column(part) for part in candidates]
    with suppress(OSError):
        write_cache(NAME, key, pa.table(columns, names=list(TYPES)))
