"""MNIST and its family: IDX files of images, each with one of labels, gzipped or not.

`train-images-idx3-ubyte.gz` belongs with `train-labels-idx1-ubyte.gz`; `t10k` is the test split.
What stands before (as in EMNIST's `emnist-letters-train-images-idx3-ubyte.gz`) must be the same
for all files. Format: https://web.archive.org/web/2022/http://yann.lecun.com/exdb/mnist/
"""

import gzip
import io
import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

import numpy as np
import pyarrow as pa

from pipeline.dataset.catalog import Entry
from pipeline.dataset.images import encode_png
from pipeline.dataset.sources import BYTES_PER_BATCH, EXAMPLES_PER_BATCH, Source, examples_table
from pipeline.dataset.sources.trees import GROWTH_FREE_BYTES, MAX_GROWTH, Files
from pipeline.runtime.errors import SourceError

NAME = re.compile(
    r"(?P<before>.*?)(?P<split>train|t10k|test)-(?P<what>images|labels)[-.]idx(?P<dims>[13])-ubyte"
    r"(?P<gz>\.gz)?"
)
UNSIGNED_BYTES = 8  # the third byte of the magic number
MAX_FILE_BYTES = 4 << 30


def recognises(files: Files, entry: Entry) -> bool:
    return any(map(NAME.fullmatch, files.others))


def open_source(entry: Entry, files: Files, max_bytes: float) -> Source:
    """Read the files, which fit in memory.

    Raises:
        SourceError: a file is missing or damaged, or images and labels do not belong together.
    """
    found = {name: match for name in files.others if (match := NAME.fullmatch(name))}
    arrays: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    for name, match in found.items():
        if match["what"] != "images":
            continue
        split = "train" if match["split"] == "train" else "test"
        if split in arrays:
            raise SourceError(
                f"{files.where} has several files of {split} images",
                fix="point uri at a folder with one dataset",
            )
        wanted = (match["before"], match["split"], "labels")
        partner = next((n for n, m in found.items() if m.group(1, 2, 3) == wanted), None)
        if partner is None:
            raise SourceError(
                f"{files.where} has {name}, but not the labels that belong to it",
                fix="point uri at the folder that has both files",
            )
        images, labels = read_idx(files, name, 3), read_idx(files, partner, 1)
        if len(images) != len(labels):
            raise SourceError(
                f"{name} has {len(images)} images, {partner} has {len(labels)} labels",
                fix="fetch both again",
            )
        arrays[split] = (images, labels)
    if not arrays:
        raise SourceError(f"{files.where} has labels, but no images", fix="check uri")
    codes = np.unique(np.concatenate([labels for _, labels in arrays.values()])).tolist()
    if entry.classes and max(codes, default=0) >= len(entry.classes):
        raise SourceError(
            f"{files.where} has the label {max(codes)}, but the entry names "
            f"{len(entry.classes)} classes",
            fix="correct classes in the catalog entry",
        )
    names = dict(enumerate(entry.classes)) if entry.classes else {c: str(c) for c in codes}
    return Source(
        classes=list(names.values()),
        num_examples=sum(len(labels) for _, labels in arrays.values()),
        splits=frozenset(arrays),
        batches=_batches(arrays, names),
    )


@dataclass(frozen=True)
class Part:
    """Examples in a row."""

    split: str
    start: int
    """Number of the first of them in its split."""
    images: np.ndarray
    """Shape `(N, H, W)`, uint8."""
    labels: list[str]

    def __call__(self) -> pa.Table:
        return examples_table(
            [f"{self.split}/{self.start + row:05d}" for row in range(len(self.images))],
            image=[encode_png(image[:, :, None]) for image in self.images],
            label=self.labels,
            split=[self.split] * len(self.images),
        )


def _batches(
    arrays: dict[str, tuple[np.ndarray, np.ndarray]], names: dict[int, str]
) -> Iterator[Part]:
    for split, (images, labels) in arrays.items():
        step = min(EXAMPLES_PER_BATCH, max(1, BYTES_PER_BATCH // max(1, prod(images.shape[1:]))))
        for start in range(0, len(labels), step):
            rows = slice(start, start + step)
            words = [names[code] for code in labels[rows].tolist()]
            yield Part(split, start, images[rows], words)


def read_idx(files: Files, name: str, num_dimensions: int) -> np.ndarray:
    """The array in an IDX file, uint8.

    Raises:
        SourceError: it is damaged, of another type or shape, or longer than its header says.
    """
    data = files.read(name, MAX_FILE_BYTES)
    stream: io.BufferedIOBase = io.BytesIO(data)
    if data.startswith(b"\x1f\x8b"):
        stream = gzip.GzipFile(fileobj=io.BytesIO(data))
    try:
        header = stream.read(4 + 4 * num_dimensions)
        if len(header) < 4 + 4 * num_dimensions or header[:4] != bytes(
            (0, 0, UNSIGNED_BYTES, num_dimensions)
        ):
            raise SourceError(
                f"{name} of {files.where} is no IDX file of bytes in {num_dimensions} dimensions",
                fix="fetch it again",
            )
        shape = struct.unpack(f">{num_dimensions}I", header[4:])
        size = prod(shape)
        if size > GROWTH_FREE_BYTES + MAX_GROWTH * len(data):
            raise SourceError(
                f"{name} of {files.where} has {len(data)} bytes and says that it holds {size}",
                fix="fetch it again",
            )
        # No more than the header says, and a byte to see whether there is more.
        content = stream.read(size + 1)
    except (EOFError, OSError, zlib.error) as error:
        raise SourceError(
            f"{name} of {files.where} is damaged: {error}", fix="fetch it again"
        ) from None
    if len(content) != size:
        more = "more" if len(content) > size else str(len(content))
        raise SourceError(
            f"{name} of {files.where} should hold {size} bytes, found {more}", fix="fetch it again"
        )
    return np.frombuffer(content, np.uint8).reshape(shape)
