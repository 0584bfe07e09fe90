"""The names of targets/protocols/baseline.py, for rankings.

`popularity` lists what train has most of; `item_knn` the items whose users are most like those of
the history (cosine, Deshpande & Karypis 2004). Both leave out what the user had. Where inputs of
events are at hand they know users and histories; else all get the same list.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from pipeline.dataset.arrays import Float32
from pipeline.dataset.rankings.listed import width_of
from pipeline.targets.protocols.baseline import Arrays, BaselineInputs
from pipeline.targets.protocols.labels import TargetIndex
from pipeline.targets.ranking.baseline.neighbours import (
    HISTORY,
    USER,
    histories,
    list_best,
    similarities,
)
from pipeline.targets.ranking.labels.reading import ITEMS

WHOLE = True
"""All training examples and their inputs, rather than features of a sample."""


def fit(
    index: TargetIndex,
    train: BaselineInputs,
    y: NDArray,
    weights: NDArray[np.floating],
    val: BaselineInputs,
    val_y: NDArray,
) -> Mapping[str, Arrays]:
    num_items = len(index[ITEMS])
    counts = np.bincount(y.astype(np.int64), minlength=num_items)
    shape = {"width": np.array([width_of(num_items)]), "counts": counts}
    if train.inputs is None:
        return {"popularity": shape}
    users = train.inputs[USER].astype(np.int64)
    known = histories(users, y.astype(np.int64))
    found = {"popularity": {**shape, **known}}
    found["item_knn"] = {**shape, **known, **similarities(users, y.astype(np.int64), num_items)}
    return found


def answer(name: str, arrays: Arrays, known: BaselineInputs) -> Float32:
    width, counts = int(arrays["width"][0]), arrays["counts"]
    if known.inputs is None:
        order = np.argsort(-counts, kind="stable")
        rows = len(known.features)
        return list_best(counts[order][None].repeat(rows, 0), order[None].repeat(rows, 0), width)
    return _for_users(arrays, known.inputs, width)


def _for_users(arrays: Arrays, inputs: Mapping[str, NDArray], width: int) -> Float32:
    from_known = "data" in arrays
    counts = arrays["counts"].astype(np.float32)
    popular = counts / max(float(counts.max()), 1.0)
    users, recent = inputs[USER].astype(np.int64), inputs[HISTORY].astype(np.int64)
    outputs = np.zeros((len(users), width), np.float32)
    asked: dict[bytes, int] = {}
    for row, (user, own) in enumerate(zip(users.tolist(), recent, strict=True)):
        key = user.to_bytes(8, "little") + own.tobytes()
        if (same := asked.setdefault(key, row)) != row:  # everybody is asked once
            outputs[row] = outputs[same]
            continue
        begin, end = (
            arrays["begins"][user : user + 2] if user + 1 < len(arrays["begins"]) else (0, 0)
        )
        had = np.concatenate([arrays["had"][begin:end], own[own > 0] - 1])
        scores = 1e-6 * popular
        scores = scores + _near(arrays, had, len(counts)) if from_known else popular.copy()
        scores[had] = -np.inf
        num = min(len(scores), width)
        best = np.argpartition(-scores, num - 1)[:num]
        best = best[np.lexsort((best, -scores[best]))]
        items = np.where(np.isfinite(scores[best]), best, -1)
        outputs[row] = list_best(np.nan_to_num(scores[best], neginf=0.0)[None], items[None], width)[
            0
        ]
    return outputs


def _near(arrays: Arrays, had: NDArray[np.int64], num_items: int) -> NDArray[np.float32]:
    """Sums of similarities to what the user had, `(items,)`."""
    found = np.zeros(num_items, np.float32)
    for item in had.tolist():
        begin, end = arrays["indptr"][item : item + 2]
        found[arrays["indices"][begin:end]] += arrays["data"][begin:end]
    return found
