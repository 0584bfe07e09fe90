"""Vectors of examples, kept between runs: the nearest of a million are found by looking at all.

They are float16, at most MOST_NUMBERS each (the principal axes of longer ones), in a file that is
mapped into memory, as the ids are. Up to a few million examples no index is worth its build: an
exact search of a million takes some tenths of a second (docs/decisions/find.md).
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.dataset.arrays import Float32
from pipeline.runtime.files import written_whole
from pipeline.runtime.stage import WORK_DIR

FOLDER = WORK_DIR / "vectors"
MOST_NUMBERS = 64
NUM_SAMPLED = 20_000
"""Vectors of which the principal axes are taken."""
ROWS_AT_ONCE = 1 << 15

Batches = Iterator[tuple[list[str], Float32]]
"""Ids and vectors `(N, D)` of some examples, until all have been there."""


class Projection(NamedTuple):
    """A map of vectors `(N, D)` to those that are kept, `(N, K)`."""

    mean: Float32
    """`(D,)`."""
    axes: Float32
    """`(D, K)`."""
    is_direction: bool
    """Whether only the direction counts: then all have the length 1."""

    def apply(self, vectors: Float32) -> Float32:
        along: Float32 = ((vectors - self.mean) @ self.axes).astype(np.float32)
        if self.is_direction:
            lengths = np.sqrt(np.einsum("nk,nk->n", along, along))[:, None]
            along /= np.maximum(lengths, np.float32(1e-12))
        return along


class Vectors(NamedTuple):
    """Vectors of N examples."""

    ids: pa.ChunkedArray
    values: NDArray[np.float16]
    """`(N, K)`, mapped from a file."""
    projection: Projection

    def of(self, id: str) -> Float32 | None:
        """The vector of an example, `(K,)`; None of one that has none."""
        row = pc.index(self.ids, id).as_py()
        return None if row < 0 else self.values[row].astype(np.float32)

    def nearest(
        self, vector: Float32, num: int, among: set[str] | None = None
    ) -> list[tuple[str, float]]:
        """Ids and Euclidean distances of the `num` nearest to a vector `(K,)`, in their order."""
        distances = np.empty(len(self.values), np.float32)
        for start in range(0, len(distances), ROWS_AT_ONCE):
            block = self.values[start : start + ROWS_AT_ONCE].astype(np.float32)
            block -= vector
            distances[start : start + ROWS_AT_ONCE] = np.einsum("nk,nk->n", block, block)
        if among is not None:
            wanted = pa.array(sorted(among), pa.string())
            distances[~pc.is_in(self.ids, wanted).to_numpy()] = np.inf
        num = min(num, int(np.isfinite(distances).sum()))
        if not num:
            return []
        last = np.partition(distances, num - 1)[num - 1]
        rows = np.flatnonzero(distances <= last)
        ids = self.ids.take(pa.array(rows)).to_pylist()
        found = sorted(zip(np.sqrt(distances[rows]).tolist(), ids, strict=True))
        return [(id, distance) for distance, id in found[:num]]


def read_vectors(key: str) -> Vectors | None:
    """The vectors that were kept under a key; None where there are none that are whole."""
    try:
        with np.load(FOLDER / f"{key}.npz") as parts:
            projection = Projection(parts["mean"], parts["axes"], bool(parts["is_direction"]))
        values = np.load(FOLDER / f"{key}.npy", mmap_mode="r")
        with pa.memory_map(str(FOLDER / f"{key}.arrow")) as file:
            ids = pa.ipc.open_file(file).read_all()["id"]
    except (OSError, ValueError, KeyError, pa.ArrowException):
        return None
    if values.shape != (len(ids), projection.axes.shape[1]) or values.dtype != np.float16:
        return None
    return Vectors(ids, values, projection)


def keep_vectors(key: str, num: int, batches: Batches, *, is_direction: bool) -> None:
    """Write the vectors of `num` examples under a key, instead of all that were kept."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for old in FOLDER.iterdir():
        old.unlink()
    first = list(_until(batches, NUM_SAMPLED))
    projection = fit(np.concatenate([vectors for _, vectors in first])[:NUM_SAMPLED], is_direction)
    ids: list[str] = []
    with written_whole(FOLDER / f"{key}.npy") as partial:
        shape = (num, projection.axes.shape[1])
        values = np.lib.format.open_memmap(partial, "w+", np.float16, shape)
        for some in (first, batches):
            for of_some, vectors in some:
                values[len(ids) : len(ids) + len(of_some)] = projection.apply(vectors)
                ids += of_some
        values.flush()
    table = pa.table({"id": pa.array(ids, pa.string())})
    with (
        written_whole(FOLDER / f"{key}.arrow") as partial,
        pa.ipc.new_file(str(partial), table.schema) as writer,
    ):
        writer.write_table(table)
    with written_whole(FOLDER / f"{key}.npz") as partial, partial.open("wb") as file:
        np.savez(file, mean=projection.mean, axes=projection.axes, is_direction=is_direction)


def fit(sample: Float32, is_direction: bool) -> Projection:
    """The mean of vectors `(N, D)`, and the axes along which they vary most."""
    values = sample.astype(np.float64)
    mean = values.mean(0)
    _, vectors = np.linalg.eigh((values - mean).T @ (values - mean) / len(values))
    axes = vectors[:, ::-1][:, :MOST_NUMBERS]
    return Projection(mean.astype(np.float32), axes.astype(np.float32), is_direction)


def _until(batches: Batches, num: int) -> Batches:
    """Batches until there are `num` vectors."""
    total = 0
    for ids, vectors in batches:
        yield ids, vectors
        total += len(ids)
        if total >= num:
            return
