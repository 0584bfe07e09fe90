"""The official CIFAR-10 and CIFAR-100 archives, in their binary and their python form.

Both forms give the same examples under the same ids (`train/00000` …). The python form is
pickles, of which nothing is run; see plain_pickle.py.

Formats: https://www.cs.toronto.edu/~kriz/cifar.html
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from pipeline.dataset.catalog import Entry
from pipeline.ingest.sources.kinds.plain_pickle import Array, load_plain
from pipeline.ingest.sources.places.trees import Files, UnusableFile
from pipeline.ingest.sources.source import EXAMPLES_PER_BATCH, Batch, Source, examples_table
from pipeline.modalities.images.prepare.decoding import encode_png
from pipeline.runtime.errors import SourceError

SIDE = 32  # pixels
PIXELS = 3 * SIDE * SIDE  # red, then green, then blue
MAX_FILE_BYTES = 256 << 20  # the largest, CIFAR-100's `train`, has 155 MB
MAX_NAMES_BYTES = 1 << 20
PICKLE_STARTS = (b"\x80", b"(", b"}")


class Form(NamedTuple):
    """Where an archive has what; names are below its top folder."""

    train: tuple[str, ...]
    test: str
    names: str
    """The file with the class names."""
    labels: tuple[str, ...]
    """What the labels of an example are called, in the order of the binary form's bytes."""
    is_binary: bool


BATCHES = range(1, 6)
FORMS = [
    Form(
        tuple(f"data_batch_{n}.bin" for n in BATCHES),
        "test_batch.bin",
        "batches.meta.txt",
        ("label",),
        True,
    ),
    Form(
        tuple(f"data_batch_{n}" for n in BATCHES),
        "test_batch",
        "batches.meta",
        ("label",),
        False,
    ),
    Form(
        ("train.bin",),
        "test.bin",
        "fine_label_names.txt",
        ("coarse_label", "fine_label"),
        True,
    ),
    Form(("train",), "test", "meta", ("coarse_label", "fine_label"), False),
]


def recognises(files: Files, entry: Entry) -> bool:
    return bool(_find_archives(files))


def open_source(entry: Entry, files: Files, max_bytes: float) -> Source:
    """Read the archive's batches, which fit in memory (184 MB in all).

    Raises:
        SourceError: a batch is missing or damaged, or a pickle holds something else than data.
    """
    found = _find_archives(files)
    if len(found) != 1:
        tops = ", ".join(top or "." for _, top in found)
        raise SourceError(
            f"{files.where} is no official CIFAR archive"
            if not found
            else f"{files.where} holds several CIFAR archives: {tops}",
            fix="point uri at one, or leave kind out" if not found else "point uri at one of them",
        )
    form, top = found[0]
    label = entry.columns.label or form.labels[-1]
    if label not in form.labels:
        raise SourceError(
            f"{files.where} has no label {label}; it has {', '.join(form.labels)}",
            fix="name one of these in the catalog entry, under columns: label:",
        )
    names = entry.classes or _class_names(files, top, form, label)
    read = _read_binary if form.is_binary else _read_pickle
    parts = []
    for split, batches in (("train", form.train), ("test", (form.test,))):
        start = 0
        for batch in batches:
            where = f"{top}{batch} of {files.where}"
            pixels, labels = read(files.read(top + batch, MAX_FILE_BYTES), form, label, where)
            unknown = next((code for code in labels if not 0 <= code < len(names)), None)
            if unknown is not None:
                raise SourceError(
                    f"{where} has the label {unknown}, but there are {len(names)} classes",
                    fix="correct classes in the catalog entry"
                    if entry.classes
                    else "fetch it again",
                )
            parts.append(Part(split, start, pixels, [names[code] for code in labels]))
            start += len(labels)
    return Source(
        classes=names,
        num_examples=sum(len(part.labels) for part in parts),
        splits=frozenset(("train", "test")),
        batches=_batches(parts),
    )


@dataclass(frozen=True)
class Part:
    """Examples in a row."""

    split: str
    start: int
    """Number of the first of them in its split."""
    pixels: np.ndarray
    """Shape `(N, PIXELS)`, uint8."""
    labels: list[str]

    def __call__(self) -> pa.Table:
        images = self.pixels.reshape(-1, 3, SIDE, SIDE).transpose(0, 2, 3, 1)
        return examples_table(
            [f"{self.split}/{self.start + row:05d}" for row in range(len(images))],
            image=[encode_png(np.ascontiguousarray(image)) for image in images],
            label=self.labels,
            split=[self.split] * len(images),
        )


def _batches(parts: list[Part]) -> Iterator[Batch]:
    for part in parts:
        for start in range(0, len(part.labels), EXAMPLES_PER_BATCH):
            rows = slice(start, start + EXAMPLES_PER_BATCH)
            yield Part(part.split, part.start + start, part.pixels[rows], part.labels[rows])


def _find_archives(files: Files) -> list[tuple[Form, str]]:
    """The form and the top folder of each archive: where the class names and a batch are."""
    found = []
    for form in FORMS:
        for name in files.others:
            if name != form.names and not name.endswith("/" + form.names):
                continue
            top = name.removesuffix(form.names)
            is_there = any(top + batch in files.others for batch in (*form.train, form.test))
            # Others, too, have files that are called train, test and meta.
            if is_there and (form.is_binary or _looks_pickled(files, name)):
                found.append((form, top))
    return found


def _looks_pickled(files: Files, name: str) -> bool:
    try:
        return files.tree.read(files.others[name], MAX_NAMES_BYTES).startswith(PICKLE_STARTS)
    except UnusableFile:
        return False


def _class_names(files: Files, top: str, form: Form, label: str) -> list[str]:
    file = "coarse_label_names.txt" if form.is_binary and label == "coarse_label" else form.names
    data = files.read(top + file, MAX_NAMES_BYTES)
    where = f"{top}{file} of {files.where}"
    if form.is_binary:
        lines = data.decode("utf-8", "replace").splitlines()
        names = [line.strip() for line in lines if line.strip()]
    else:
        found = _field(_load_pickle(data, where), f"{label}_names")
        names = list(map(_text, found)) if isinstance(found, list) else []
    if len(names) < 2 or "" in names or len(set(names)) < len(names):
        raise SourceError(
            f"{where} should hold names of classes that differ",
            fix="fetch it again, or give classes in the catalog entry",
        )
    return names


def _read_binary(data: bytes, form: Form, label: str, where: str) -> tuple[np.ndarray, list[int]]:
    size = len(form.labels) + PIXELS
    if not data or len(data) % size:
        raise SourceError(
            f"{where} has {len(data)} bytes, expected a multiple of {size}", fix="fetch it again"
        )
    rows = np.frombuffer(data, np.uint8).reshape(-1, size)
    return rows[:, len(form.labels) :], rows[:, form.labels.index(label)].tolist()


def _read_pickle(data: bytes, form: Form, label: str, where: str) -> tuple[np.ndarray, list[int]]:
    content = _load_pickle(data, where)
    labels, array = _field(content, f"{label}s"), _field(content, "data")
    pixels = array.matrix(PIXELS) if isinstance(array, Array) else None
    # A label of many digits could not even be told.
    is_list = isinstance(labels, list) and all(
        isinstance(code, int) and -256 < code < 256 for code in labels
    )
    if pixels is None or not len(pixels) or not is_list or len(labels) != len(pixels):
        raise SourceError(
            f"{where} holds no CIFAR batch; expected data of N x {PIXELS} bytes and {label}s, N "
            "small whole numbers",
            fix="fetch it again",
        )
    return pixels, labels


def _load_pickle(data: bytes, where: str) -> Any:
    try:
        return load_plain(data)
    except ValueError as error:
        raise SourceError(
            f"{where} is no pickle of plain data: {error}",
            fix="fetch the official archive, or its binary form",
        ) from None


def _field(content: Any, name: str) -> Any:
    if not isinstance(content, dict):
        return None
    return content.get(name, content.get(name.encode()))


def _text(value: Any) -> str:
    """A name; empty when it is no text."""
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else value
    return text.strip() if isinstance(text, str) else ""
