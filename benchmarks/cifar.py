"""CIFAR-10 as a folder in the layout of Hugging Face has it, with CIFAR-10N's annotations."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from pipeline.modalities.images.encode.pixels import decode_all

CLASSES = [
    "airplane",
    "automobile",
    "bird",
    "cat",
    "deer",
    "dog",
    "frog",
    "horse",
    "ship",
    "truck",
]


class Cifar(NamedTuple):
    """Examples of a split, in the order of the files."""

    images: NDArray[np.uint8]
    """`(N, 32, 32, 3)`."""
    labels: NDArray[np.int64]
    """The true ones, `(N,)`."""
    ids: list[str]
    votes: NDArray[np.int64]
    """What each of A annotators said, `(A, N)`; empty for test."""
    classes: list[str]

    @property
    def majority(self) -> NDArray[np.int64]:
        """What two of three annotators said; where all differ, one of them at random."""
        first, second, third = self.votes
        chosen = np.random.default_rng(0).integers(0, 3, len(first))
        picked = self.votes[chosen, np.arange(len(first))]
        agreed = np.where(second == third, second, first)
        return np.where((first != second) & (second != third) & (first != third), picked, agreed)


def read_cifar(split: str, only: Sequence[int] = range(len(CLASSES))) -> Cifar:
    """Read `train` or `test`, or classes of it, from the folder that GROUNDWORK_CIFAR10 names."""
    folder = os.environ.get("GROUNDWORK_CIFAR10")
    if not folder:
        sys.exit("GROUNDWORK_CIFAR10 must name the folder with CIFAR-10 in Parquet files")
    tables = [pq.read_table(path) for path in sorted(Path(folder).glob(f"{split}-*.parquet"))]
    table = pa.concat_tables(tables)
    numbers = np.flatnonzero(np.isin(table["label"].to_numpy(), only))
    table = table.take(numbers)
    pictures = table["img"].combine_chunks()
    ids = [f"{split}/{number:05d}.jpg" for number in numbers]
    return Cifar(
        images=decode_all(pictures.field("bytes").to_pylist(), (32, 32, 3), "squash"),
        labels=table["label"].to_numpy().astype(np.int64),
        ids=ids,
        votes=_votes(Path(folder), ids) if split == "train" else np.zeros((0, len(ids)), np.int64),
        classes=CLASSES,
    )


def _votes(folder: Path, ids: list[str]) -> NDArray[np.int64]:
    table = pq.read_table(folder / "annotations.parquet")
    table = table.filter(pc.is_in(table["id"], pa.array(ids)))
    codes = pc.index_in(table["label"], pa.array(CLASSES)).to_numpy()
    rows = pc.index_in(table["id"], pa.array(ids)).to_numpy()
    people = sorted(pc.unique(table["annotator"]).to_pylist())
    who = pc.index_in(table["annotator"], pa.array(people)).to_numpy()
    votes = np.full((len(people), len(ids)), -1, np.int64)
    votes[who, rows] = codes
    return votes
