"""What traffic will be compared with: validation examples, as the served graph answers them.

reference.npz has no pickle and no example: numbers about examples, each array under its name.

| name | shape | what |
|---|---|---|
| `measurement_names` | `(M,)` | columns of data/clean, which `prepare` measures of any example |
| `measurement_mean`, `measurement_std` | `(M,)` | of these |
| `input_<column>_mean`, `_std` | `(C,)` | of each input that is no gap; of wide columns, `(1,)` |
| `input_<column>_missing` | `(C,)` | the share of each that is NaN |
| `answer_mean`, `answer_std` | `(K,)` | of answers: probabilities, or numbers in sd of training |
| `answer_shares` | `(K,)` | the share of examples whose greatest answer it is |
| `embedding_mean` | `(D,)` | of embeddings |
| `embedding_axes` | `(A, D)` | their principal axes, up to 32, the widest first |
| `embedding_std` | `(A,)` | along each |
| `rows_measurements`, `rows_answers`, `rows_embedding` | `(R, M)`, `(R, K)`, `(R, A)` | the same of
  single examples, evenly out of all, the last along the axes from the mean: thresholds for windows
  of traffic follow from resampling them |
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.dataset.arrays import Float32, Float64

NUM_AXES = 32
WIDE = 1024
"""Inputs of more values a row, such as pixels, have one mean over all."""
MOST_ROWS, MOST_VALUES = 8000, 400_000
"""The most single examples, and values of them, so that it stays below 2 MB."""


def make_reference(
    measured: Mapping[str, NDArray],
    inputs: Mapping[str, NDArray],
    answers: Float64,
    embeddings: Float32,
) -> dict[str, NDArray]:
    """The arrays of reference.npz for N examples.

    Args:
        measured: columns of data/clean by name, `(N,)` each.
        inputs: columns of a shard by name, `(N, ...)` each.
        answers: what judging makes of outputs, `(N, K)`.
        embeddings: `(N, D)`.
    """
    found: dict[str, NDArray] = {"measurement_names": np.array([*measured], np.str_)}
    columns = [np.asarray(values, np.float64) for values in measured.values()]
    measurements = np.stack(columns, 1) if columns else np.empty((len(answers), 0))
    found |= _moments("measurement", measurements)
    for name, values in inputs.items():
        found |= _input_moments(f"input_{name}", values)
    found |= _moments("answer", answers)
    num_answers = answers.shape[1]
    found["answer_shares"] = np.bincount(answers.argmax(1), minlength=num_answers) / len(answers)
    mean, axes = principal_axes(embeddings)
    along = (embeddings - mean) @ axes.T
    found |= {"embedding_mean": mean, "embedding_axes": axes, "embedding_std": along.std(0)}
    rows = chosen_rows(len(answers), measurements.shape[1] + num_answers + len(axes))
    for name, each in (("measurements", measurements), ("answers", answers), ("embedding", along)):
        found[f"rows_{name}"] = each[rows]
    return {
        name: values.astype(np.float32) if values.dtype.kind == "f" else values
        for name, values in found.items()
    }


def principal_axes(embeddings: Float32, most: int = NUM_AXES) -> tuple[Float64, Float64]:
    """The mean `(D,)` of embeddings `(N, D)`, and up to `most` orthonormal axes `(A, D)` along
    which they vary most, each with its largest value positive."""
    values = embeddings.astype(np.float64)
    mean = values.mean(0)
    variances, vectors = np.linalg.eigh((values - mean).T @ (values - mean) / len(values))
    widest = np.argsort(-variances)[:most]
    widest = widest[variances[widest] > 1e-12 * max(variances.max(initial=0), 1e-300)]
    axes = vectors.T[widest]
    largest = np.take_along_axis(axes, np.abs(axes).argmax(1)[:, None], 1)
    return mean, axes * np.where(largest < 0, -1.0, 1.0)


def chosen_rows(num: int, width: int) -> NDArray[np.int64]:
    """Rows out of `num`, evenly, of `width` values each, so that all are MOST_VALUES at most."""
    most = max(1, min(num, MOST_ROWS, MOST_VALUES // max(1, width)))
    return np.unique(np.linspace(0, num - 1, most).astype(np.int64))


def write_reference(path: Path, arrays: Mapping[str, NDArray]) -> None:
    """The same arrays, the same bytes."""
    np.savez_compressed(path, allow_pickle=False, **dict(arrays))


def _moments(name: str, values: Float64) -> dict[str, Any]:
    return {f"{name}_mean": values.mean(0), f"{name}_std": values.std(0)}


def _input_moments(name: str, values: NDArray) -> dict[str, Any]:
    flat = values.reshape(len(values), -1).astype(np.float64)
    flat = flat if flat.shape[1] <= WIDE else flat.reshape(-1, 1)
    there = np.isfinite(flat)
    num = there.sum(0).clip(min=1)
    mean = np.where(there, flat, 0).sum(0) / num
    std = np.sqrt((np.where(there, flat - mean, 0) ** 2).sum(0) / num)
    return {f"{name}_mean": mean, f"{name}_std": std, f"{name}_missing": 1 - there.mean(0)}
