"""Reuse of the last run's candidates for near duplicates, by digests of pixels.

The note in `.groundwork/duplicates` is not tracked by DVC. It is read only by a run with the same
recipe: the same code, libraries and shape of images.
"""

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from pipeline.dataset.table import write_examples
from pipeline.dataset.versions import libraries
from pipeline.modalities.images.compare.candidates import (
    KEY_BYTES,
    NUM_CANDIDATES,
    NUM_SPLITS,
    Candidates,
)
from pipeline.modalities.images.compare.descriptors import make_descriptor
from pipeline.runtime.stage import WORK_DIR

NOTE = WORK_DIR / "duplicates" / "candidates.parquet"
TYPES = {"keys": np.uint8, "rows": np.int32, "products": np.float32, "screened": np.int8}


def recipe_of(code: str, shape: tuple[int, int, int]) -> str:
    """Everything that candidates depend on except images and splits.

    Args:
        code: digest of the code.
        shape: of an image, `(H, W, C)`.
    """
    directions = make_descriptor(shape).directions.tobytes()  # they may differ between machines
    return "\n".join([code, *libraries(), repr(shape), hashlib.sha256(directions).hexdigest()])


def read_known(recipe: str, note: Path = NOTE) -> Candidates | None:
    """Read the candidates of the last run; None without a whole note of the same recipe."""
    try:
        table = pq.read_table(note, page_checksum_verification=True)
        keys, *lists = (_numbers(table[name], type) for name, type in TYPES.items())
    except (OSError, KeyError, pa.ArrowException):
        return None
    if table.schema.metadata != _about([keys, *lists], recipe):
        return None
    shape = (table.num_rows, NUM_SPLITS, 2, NUM_CANDIDATES)
    return Candidates(keys.reshape(-1, KEY_BYTES), *(part.reshape(shape) for part in lists))


def write_known(candidates: Candidates, recipe: str, note: Path = NOTE) -> None:
    """Replace the note by one of these candidates."""
    columns = [_binary(part) for part in candidates]
    table = pa.table(columns, names=list(TYPES))
    table = table.replace_schema_metadata(_about(candidates, recipe))
    note.parent.mkdir(parents=True, exist_ok=True)
    partial = note.with_suffix(".partial")
    write_examples(table, partial)
    partial.replace(note)


def _about(parts: Iterable[NDArray[Any]], recipe: str) -> dict[bytes, bytes]:
    """Metadata of the note; its digest also covers bytes that page checksums do not."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(np.ascontiguousarray(part).tobytes())
    return {b"recipe": recipe.encode(), b"sha256": digest.hexdigest().encode()}


def _binary(numbers: NDArray[Any]) -> pa.Array:
    """Column with one value for each of N images: the bytes of its numbers, of `(N, ...)`."""
    width = numbers.dtype.itemsize * int(np.prod(numbers.shape[1:]))
    buffer = pa.py_buffer(np.ascontiguousarray(numbers))
    return pa.Array.from_buffers(pa.binary(width), len(numbers), [None, buffer])


def _numbers(column: pa.ChunkedArray, type: type) -> NDArray[Any]:
    return np.concatenate([np.empty(0, type), *(_of_chunk(chunk, type) for chunk in column.chunks)])


def _of_chunk(chunk: pa.Array, type: type) -> NDArray[Any]:
    """Numbers of a chunk, which may be a part of its buffer."""
    width = chunk.type.byte_width
    begin = chunk.offset * width
    return np.frombuffer(chunk.buffers()[1][begin : begin + len(chunk) * width], type)
