"""MNIST and its family: IDX files of images, each with one of labels, gzipped or not.

`train-images-idx3-ubyte.gz` belongs with `train-labels-idx1-ubyte.gz`; `t10k` is the test split.
The prefix (as in EMNIST's `emnist-letters-train-images-idx3-ubyte.gz`) must be the same for all
files. Format: https://web.archive.org/web/2022/http://yann.lecun.com/exdb/mnist/
"""

import gzip
import io
import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from pipeline.modalities.images.content.decoding import encode_png
from pipeline.runtime.errors import SourceError
from pipeline.sources.places.files import Files
from pipeline.sources.places.unpack import GROWTH_FREE_BYTES, MAX_GROWTH
from pipeline.sources.source import (
    BYTES_PER_BATCH,
    EXAMPLES_PER_BATCH,
    Source,
    examples_table,
)

NAME = re.compile(
    r"(?P<before>.*?)(?P<split>train|t10k|test)-(?P<what>images|labels)[-.]idx[13]-ubyte(\.gz)?"
)
DIMENSIONS = {"images": 3, "labels": 1}
UNSIGNED_BYTES = 8  # the third byte of the magic number
MAX_FILE_BYTES = 1 << 30  # as stored; EMNIST's largest has 547 MB uncompressed
MAX_EXAMPLES = 1 << 27  # their labels are held in memory


def recognises(files: Files) -> bool:
    """Whether a file has a name like MNIST's."""
    return any(map(NAME.fullmatch, files.others))


def open_source(entry: Any, files: Files, max_bytes: float, labels: Any) -> Source:
    """Read the labels and the headers of the images, which are decompressed batch by batch.

    Raises:
        SourceError: a file is missing or damaged, images and labels do not belong together, or an
            image has more than `max_bytes`. Damage after the header of the images is raised when
            they are read.
    """
    label_names = labels.names_in(entry)
    pairs = []
    for split, names in _find_pairs(files).items():
        images, codes = (IdxFile(files, names[what], DIMENSIONS[what]) for what in DIMENSIONS)
        if images.shape[0] != codes.shape[0]:
            raise SourceError(
                f"{images.name} has {images.shape[0]} images, {codes.name} has "
                f"{codes.shape[0]} labels",
                fix="fetch both again",
            )
        height, width = images.shape[1:]
        if not 0 < height * width <= max_bytes:
            raise SourceError(
                f"{images.name} of {files.where} has images of {height} x {width} pixels, expected "
                f"1 to {max_bytes:.0f} in all",
                fix="fetch it again, or raise ingest.max_file_mb",
            )
        label_codes = codes.take(codes.shape[0])
        codes.finish()
        pairs.append(Pair(split, images, label_codes))
    present = sorted(set().union(*(np.unique(pair.codes).tolist() for pair in pairs)))
    if label_names and max(present, default=0) >= len(label_names):
        raise SourceError(
            f"{files.where} has the label {max(present)}, but the entry names "
            f"{len(label_names)} classes",
            fix="correct classes in the catalog entry",
        )
    names_of = dict(enumerate(label_names)) if label_names else {c: str(c) for c in present}
    return Source(
        labels=list(names_of.values()),
        num_examples=sum(len(pair.codes) for pair in pairs),
        splits=frozenset(pair.split for pair in pairs),
        batches=_batches(pairs, names_of),
    )


def _find_pairs(files: Files) -> dict[str, dict[str, str]]:
    """Find the file of images and that of labels of each split, train first.

    Raises:
        SourceError: one of them is missing, or they belong to several datasets.
    """
    names_by_split: dict[tuple[str, str], dict[str, str]] = {}
    for name in files.others:
        if match := NAME.fullmatch(name):
            # Sorted, so that a file is taken before its compressed copy.
            key = match["before"], match["split"]
            names_by_split.setdefault(key, {}).setdefault(match["what"], name)
    pairs: dict[str, dict[str, str]] = {}
    for (_, word), names in sorted(names_by_split.items(), key=lambda item: item[0][1] != "train"):
        pairs["train" if word == "train" else "test"] = names
    if len(pairs) < len(names_by_split) or len({before for before, _ in names_by_split}) > 1:
        starts = ", ".join(sorted(before + word for before, word in names_by_split))
        raise SourceError(
            f"{files.where} holds several datasets, whose files start with {starts}",
            fix="point uri at a folder with one of them",
        )
    for names in pairs.values():
        if names.keys() != DIMENSIONS.keys():
            (there,) = names
            missing = "labels" if there == "images" else "images"
            raise SourceError(
                f"{files.where} has {names[there]}, but not the {missing} that belong to it",
                fix="point uri at the folder that has both files",
            )
    if not pairs:
        raise SourceError(f"{files.where} has no IDX files", fix="check uri, or leave kind out")
    return pairs


class IdxFile:
    """An IDX file of unsigned bytes, read once from its start to its end.

    The stored file is held in memory, and decompressed as far as it is read.
    """

    def __init__(self, files: Files, name: str, num_dimensions: int) -> None:
        """Read the header.

        Raises:
            SourceError: it is damaged, or of another type or shape.
        """
        self.name = name
        self.where = f"{name} of {files.where}"
        data = files.read(name, MAX_FILE_BYTES)
        self.stream: io.BufferedIOBase = io.BytesIO(data)
        if data.startswith(b"\x1f\x8b"):
            self.stream = gzip.GzipFile(fileobj=self.stream)
        magic = bytes((0, 0, UNSIGNED_BYTES, num_dimensions))
        header = self._read(len(magic) + 4 * num_dimensions)
        if len(header) < len(magic) + 4 * num_dimensions or not header.startswith(magic):
            raise SourceError(
                f"{self.where} is no IDX file of bytes in {num_dimensions} dimensions",
                fix="fetch it again",
            )
        self.shape: tuple[int, ...] = struct.unpack_from(f">{num_dimensions}I", header, len(magic))
        self.size = prod(self.shape)
        self.num_read = 0
        if self.size > GROWTH_FREE_BYTES + MAX_GROWTH * len(data) or self.shape[0] > MAX_EXAMPLES:
            raise SourceError(
                f"{self.where} has {len(data)} bytes and says that it holds {self.size}",
                fix="fetch it again",
            )

    def take(self, num_rows: int) -> np.ndarray:
        """Read the next rows, uint8.

        Raises:
            SourceError: they are damaged or missing.
        """
        shape = (num_rows, *self.shape[1:])
        content = self._read(prod(shape))
        self.num_read += len(content)
        if len(content) < prod(shape):
            raise self._wrong_size(str(self.num_read))
        return np.frombuffer(content, np.uint8).reshape(shape)

    def finish(self) -> None:
        """Check that nothing follows the last row; this compares the checksum of a gzip, too.

        Raises:
            SourceError: something follows, or the file is damaged.
        """
        if self._read(1):
            raise self._wrong_size("more")

    def _read(self, num_bytes: int) -> bytes:
        try:
            return self.stream.read(num_bytes)
        except (EOFError, OSError, zlib.error) as error:
            raise SourceError(f"{self.where} is damaged: {error}", fix="fetch it again") from None

    def _wrong_size(self, found: str) -> SourceError:
        return SourceError(
            f"{self.where} should hold {self.size} bytes, found {found}", fix="fetch it again"
        )


class Pair(NamedTuple):
    """The images of a split and the codes of their labels."""

    split: str
    images: IdxFile
    codes: np.ndarray
    """Shape `(N,)`, uint8."""


@dataclass(frozen=True)
class IdxBatch:
    """Consecutive examples of one split."""

    split: str
    start: int
    """Number of the first of them in its split."""
    images: np.ndarray
    """Shape `(N, H, W)`, uint8."""
    labels: list[str]

    def __call__(self) -> pa.Table:
        return examples_table(
            "image",
            [f"{self.split}/{self.start + row:05d}" for row in range(len(self.images))],
            image=[encode_png(image[:, :, None]) for image in self.images],
            label=self.labels,
            split=[self.split] * len(self.images),
        )


def _batches(pairs: list[Pair], names: dict[int, str]) -> Iterator[IdxBatch]:
    for split, images, codes in pairs:
        step = min(EXAMPLES_PER_BATCH, max(1, BYTES_PER_BATCH // prod(images.shape[1:])))
        for start in range(0, len(codes), step):
            labels = [names[code] for code in codes[start : start + step].tolist()]
            yield IdxBatch(split, start, images.take(len(labels)), labels)
        images.finish()
