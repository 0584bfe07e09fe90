"""MedMNIST and similar: one `.npz` with images and labels of each split as NumPy arrays.

`train_images` is `(N, H, W)` or `(N, H, W, 3)` of bytes, `train_labels` is `(N,)` or `(N, 1)` of
whole numbers; `val_` and `test_` likewise. The published splits are kept. An array that needs
unpickling is refused. Format: https://medmnist.com, https://numpy.org/neps/nep-0001-npy-format
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.lib import format as npy

from pipeline.modalities.images.content.decoding import encode_png
from pipeline.runtime.errors import SourceError
from pipeline.sources.places.files import Files, open_files
from pipeline.sources.places.trees import Folder
from pipeline.sources.source import BYTES_PER_BATCH, EXAMPLES_PER_BATCH, Source, examples_table

SPLITS = ("train", "val", "test")
SUFFIX = ".npz"
MAX_ARRAY_BYTES = 2 << 30
MAX_EXAMPLES = 1 << 27
NO_PATIENTS = (
    "this kind of source does not say which images are of one patient or scan: images of one may "
    "stand in several of its splits (see the leaks that clean lists); a manifest with a column "
    "for columns: group: keeps them together"
)


class Pair(NamedTuple):
    """The images of a split and the codes of their labels."""

    split: str
    images: np.ndarray
    """`(N, H, W)` or `(N, H, W, C)`, uint8."""
    codes: np.ndarray
    """`(N,)`, whole numbers."""


def recognises(files: Files) -> bool:
    """Whether these are the arrays of an `.npz`, or a folder with one such file."""
    return "train_images.npy" in files.others or _file_of(files) is not None


def open_source(entry: Any, files: Files, max_bytes: float, labels: Any) -> Source:
    """Read the arrays, split by split.

    Raises:
        SourceError: an array is missing or damaged, of another type or shape, images and labels do
            not belong together, or an image has more than `max_bytes`.
    """
    if (name := _file_of(files)) is not None:
        assert isinstance(files.tree, Folder)
        path = files.tree.root / files.members[name].path
        files = open_files(path, f"{name} of {files.where}", files.suffixes)
    there = [split for split in SPLITS if f"{split}_images.npy" in files.others]
    if "train" not in there:
        raise SourceError(
            f"{files.where} has no array train_images", fix="check uri, or leave kind out"
        )
    pairs = [_read_pair(files, split, max_bytes) for split in there]
    names = labels.names_in(entry)
    codes = sorted(set().union(*(np.unique(pair.codes).tolist() for pair in pairs)))
    if codes[0] < 0 or (names and codes[-1] >= len(names)):
        known = f"the entry names {len(names)} classes" if names else "labels count from 0"
        raise SourceError(
            f"{files.where} has the label {codes[0] if codes[0] < 0 else codes[-1]}, but {known}",
            fix="correct classes in the catalog entry, or the labels",
        )
    names_of = dict(enumerate(names)) if names else {code: str(code) for code in codes}
    return Source(
        labels=list(names_of.values()),
        num_examples=sum(len(pair.codes) for pair in pairs),
        splits=frozenset(there),
        batches=_batches(pairs, names_of),
        notes=(NO_PATIENTS,),
    )


def _file_of(files: Files) -> str | None:
    """The one `.npz` of a folder."""
    found = [name for name in files.others if name.lower().endswith(SUFFIX)]
    return found[0] if len(found) == 1 and isinstance(files.tree, Folder) else None


def _read_pair(files: Files, split: str, max_bytes: float) -> Pair:
    images = _read_array(files, f"{split}_images.npy")
    codes = _read_array(files, f"{split}_labels.npy")
    where = f"{split}_images of {files.where}"
    if images.dtype != np.uint8 or images.ndim not in (3, 4) or images.shape[3:] not in ((), (3,)):
        raise SourceError(
            f"{where} holds {images.dtype} of shape {images.shape}, expected bytes of shape "
            "(N, H, W) or (N, H, W, 3)",
            fix="images of two dimensions alone are read: choose such a file",
        )
    if codes.dtype.kind not in "iu" or codes.shape not in ((len(images),), (len(images), 1)):
        raise SourceError(
            f"{split}_labels of {files.where} holds {codes.dtype} of shape {codes.shape}, expected "
            f"one whole number for each of {len(images)} images",
            fix="choose a file with one label for each image",
        )
    if not 0 < prod(images.shape[1:]) <= max_bytes:
        raise SourceError(
            f"{where} has images of {images.shape[1]} x {images.shape[2]} pixels, expected 1 to "
            f"{max_bytes:.0f} bytes in all",
            fix="choose another file, or raise ingest.max_file_mb",
        )
    return Pair(split, images, codes.reshape(-1).astype(np.int64))


def _read_array(files: Files, name: str) -> np.ndarray:
    """Read an array without unpickling; its size must match its header."""
    where = f"{name} of {files.where}"
    data = files.read(name, MAX_ARRAY_BYTES)
    stream = io.BytesIO(data)
    try:
        version = npy.read_magic(stream)
        read_header = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
        shape, in_columns, dtype = read_header[version](stream)
    except (ValueError, KeyError, EOFError) as error:
        raise SourceError(f"{where} is no NumPy array: {error}", fix="fetch it again") from None
    start = stream.tell()
    if dtype.hasobject:
        raise SourceError(
            f"{where} holds Python objects, which are not unpickled",
            fix="save it as plain numbers: array.astype('uint8')",
        )
    expected = prod(shape) * dtype.itemsize
    if len(data) - start != expected or (shape and shape[0] > MAX_EXAMPLES):
        raise SourceError(
            f"{where} should hold {expected} bytes, found {len(data) - start}", fix="fetch it again"
        )
    values = np.frombuffer(data, dtype, offset=start)
    return values.reshape(shape[::-1]).T if in_columns else values.reshape(shape)


@dataclass(frozen=True)
class NpzBatch:
    """Consecutive examples of one split."""

    split: str
    start: int
    """Number of the first of them in its split."""
    images: np.ndarray
    """`(N, H, W, C)`, uint8."""
    labels: list[str]

    def __call__(self) -> pa.Table:
        return examples_table(
            "image",
            [f"{self.split}/{self.start + row:05d}" for row in range(len(self.images))],
            image=[encode_png(np.ascontiguousarray(image)) for image in self.images],
            label=self.labels,
            split=[self.split] * len(self.images),
        )


def _batches(pairs: list[Pair], names: dict[int, str]) -> Iterator[NpzBatch]:
    for split, images, codes in pairs:
        images = images if images.ndim == 4 else images[:, :, :, None]
        step = min(EXAMPLES_PER_BATCH, max(1, BYTES_PER_BATCH // prod(images.shape[1:])))
        for start in range(0, len(codes), step):
            labels = [names[code] for code in codes[start : start + step].tolist()]
            yield NpzBatch(split, start, images[start : start + step], labels)
