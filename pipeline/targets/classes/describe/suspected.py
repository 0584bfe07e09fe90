"""Sums up suspected labels by pairs of classes."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.targets.protocols.labels import TargetIndex


def suspected_lists(suspected: pa.Table, index: TargetIndex) -> dict[str, pa.Table]:
    return {"label_confusion": confusions(suspected, index["classes"])}


def confusions(suspected: pa.Table, classes: Sequence[str]) -> pa.Table:
    """Count suspected labels of each pair of classes, in the order of the classes."""
    pairs = zip(suspected["given"].to_pylist(), suspected["proposed"].to_pylist(), strict=True)
    number = {name: place for place, name in enumerate(classes)}
    counts = sorted(Counter(pairs).items(), key=lambda item: tuple(map(number.get, item[0])))
    return pa.table(
        {
            "given": pa.array([given for (given, _), _ in counts], pa.string()),
            "proposed": pa.array([proposed for (_, proposed), _ in counts], pa.string()),
            "count": pa.array([count for _, count in counts], pa.int64()),
        }
    )


def draw_suspected(suspected: pa.Table, index: TargetIndex, folder: Path) -> None:
    from pipeline.targets.classes.drawing.confusion import confusion

    classes = index["classes"]
    given, proposed = (
        pc.index_in(suspected[name], pa.array(classes)).to_numpy() for name in ("given", "proposed")
    )
    matrix = np.zeros((len(classes), len(classes)), np.int64)
    np.add.at(matrix, (given, proposed), 1)
    path = folder / "label_confusion.png"
    confusion(matrix, classes, path, rows="given", columns="proposed", title="suspected labels")
