"""The official CIFAR-10 and CIFAR-100 archives, in their binary form.

The python form of the same images has pickles, which are not read: it is recognised, and refused
with the address of the binary form.

Formats: https://www.cs.toronto.edu/~kriz/cifar.html
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from pipeline.modalities.images.content.decoding import encode_png
from pipeline.runtime.errors import SourceError
from pipeline.sources.places.files import Files
from pipeline.sources.places.problems import UnusableFile
from pipeline.sources.source import EXAMPLES_PER_BATCH, Batch, Source, examples_table

SIDE = 32  # pixels
PIXELS = 3 * SIDE * SIDE  # red, then green, then blue
MAX_FILE_BYTES = 256 << 20  # the largest, CIFAR-100's train.bin, has 154 MB
MAX_NAMES_BYTES = 1 << 20
PICKLE_STARTS = (b"\x80", b"(", b"}")


class BinaryForm(NamedTuple):
    """The files of an archive, below its top folder."""

    train: tuple[str, ...]
    test: str
    labels: dict[str, str]
    """The labels of an example in the order of their bytes, each with the file of their names.
    The last one is used unless the entry names another."""

    @property
    def mark(self) -> str:
        """The file that every archive of this form has, and nothing else."""
        return list(self.labels.values())[-1]


class PythonForm(NamedTuple):
    """The files that identify an archive of pickles, below its top folder."""

    batches: tuple[str, ...]
    names: str
    dataset: str
    binary: str
    """URL of the same images in their binary form."""


BATCHES = range(1, 6)
BINARY_FORMS = [
    BinaryForm(
        tuple(f"data_batch_{n}.bin" for n in BATCHES),
        "test_batch.bin",
        {"label": "batches.meta.txt"},
    ),
    BinaryForm(
        ("train.bin",),
        "test.bin",
        {"coarse_label": "coarse_label_names.txt", "fine_label": "fine_label_names.txt"},
    ),
]
PYTHON_FORMS = [
    PythonForm(
        (*(f"data_batch_{n}" for n in BATCHES), "test_batch"),
        "batches.meta",
        "CIFAR-10",
        "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
    ),
    PythonForm(
        ("train", "test"),
        "meta",
        "CIFAR-100",
        "https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz",
    ),
]


def recognises(files: Files) -> bool:
    """Whether there is an archive of either form; open_source refuses the python one."""
    return bool(_find_archives(files)) or _find_pickles(files) is not None


def open_source(entry: Any, files: Files, max_bytes: float, labels: Any) -> Source:
    """Read the archive's files, which fit in memory (184 MB in all).

    Raises:
        SourceError: a file is missing or damaged, or the archive is of the python form.
    """
    label_column = getattr(entry.columns, labels.COLUMN, None)
    label_names = labels.names_in(entry)
    form, top = _only_archive(files)
    label = label_column or list(form.labels)[-1]
    if label not in form.labels:
        raise SourceError(
            f"{files.where} has no label {label}; it has {', '.join(form.labels)}",
            fix="name one of these in the catalog entry, under columns: label:",
        )
    own = label_names is None
    names = list(label_names or _label_names(files, top + form.labels[label]))
    contents = []
    for split, parts in (("train", form.train), ("test", (form.test,))):
        start = 0
        for name in parts:
            pixels, codes = _read_file(files, top + name, form, label)
            _check_codes(codes, len(names), f"{top}{name} of {files.where}", own=own)
            labels = [names[code] for code in codes.tolist()]
            contents.append(CifarBatch(split, start, pixels, labels))
            start += len(labels)
    return Source(
        labels=names,
        num_examples=sum(len(content.labels) for content in contents),
        splits=frozenset(("train", "test")),
        batches=_batches(contents),
    )


@dataclass(frozen=True)
class CifarBatch:
    """Consecutive examples of one split."""

    split: str
    start: int
    """Number of the first of them in its split."""
    pixels: np.ndarray
    """Shape `(N, PIXELS)`, uint8."""
    labels: list[str]

    def __call__(self) -> pa.Table:
        images = self.pixels.reshape(-1, 3, SIDE, SIDE).transpose(0, 2, 3, 1)
        return examples_table(
            "image",
            [f"{self.split}/{self.start + row:05d}" for row in range(len(images))],
            image=[encode_png(np.ascontiguousarray(image)) for image in images],
            label=self.labels,
            split=[self.split] * len(images),
        )


def _batches(contents: list[CifarBatch]) -> Iterator[Batch]:
    """Cut the content of each file into batches of the usual size."""
    for whole in contents:
        for start in range(0, len(whole.labels), EXAMPLES_PER_BATCH):
            rows = slice(start, start + EXAMPLES_PER_BATCH)
            yield CifarBatch(
                whole.split, whole.start + start, whole.pixels[rows], whole.labels[rows]
            )


def _only_archive(files: Files) -> tuple[BinaryForm, str]:
    """The form and the top folder of the archive.

    Raises:
        SourceError: there is none, several, or one of the python form.
    """
    archives = _find_archives(files)
    if len(archives) == 1:
        return archives[0]
    if archives:
        tops = ", ".join(top or "." for _, top in archives)
        raise SourceError(
            f"{files.where} holds several CIFAR archives: {tops}", fix="point uri at one of them"
        )
    if (pickles := _find_pickles(files)) is not None:
        raise SourceError(
            f"{files.where} holds the python archive of {pickles.dataset}, whose pickles are not "
            "read",
            fix=f"point uri at the binary archive, {pickles.binary}",
        )
    raise SourceError(
        f"{files.where} is no official CIFAR archive", fix="point uri at one, or leave kind out"
    )


def _find_archives(files: Files) -> list[tuple[BinaryForm, str]]:
    """The form and the top folder of each binary archive."""
    return [
        (form, top)
        for form in BINARY_FORMS
        for top in _tops(files, form.mark, (*form.train, form.test))
    ]


def _find_pickles(files: Files) -> PythonForm | None:
    """The form of the first python archive."""
    for form in PYTHON_FORMS:
        for top in _tops(files, form.names, form.batches):
            # Other sources, too, have files named train, test and meta.
            if _looks_pickled(files, top + form.names):
                return form
    return None


def _tops(files: Files, mark: str, batches: tuple[str, ...]) -> Iterator[str]:
    """Folders that have the file `mark` and one of `batches`: empty, or ending with a slash."""
    for name in files.others:
        if name == mark or name.endswith("/" + mark):
            top = name.removesuffix(mark)
            if any(top + batch in files.others for batch in batches):
                yield top


def _looks_pickled(files: Files, name: str) -> bool:
    try:
        return files.tree.read(files.others[name], MAX_NAMES_BYTES).startswith(PICKLE_STARTS)
    except UnusableFile:
        return False


def _label_names(files: Files, name: str) -> list[str]:
    """Read a file of names of labels, one a line.

    Raises:
        SourceError: it cannot be read, or has fewer than two names or one twice.
    """
    lines = files.read(name, MAX_NAMES_BYTES).decode("utf-8", "replace").splitlines()
    names = [line.strip() for line in lines if line.strip()]
    if len(names) < 2 or len(set(names)) < len(names):
        raise SourceError(
            f"{name} of {files.where} should hold names of classes that differ",
            fix="fetch it again, or give classes in the catalog entry",
        )
    return names


def _read_file(
    files: Files, name: str, form: BinaryForm, label: str
) -> tuple[np.ndarray, np.ndarray]:
    """Read the pixels, shape `(N, PIXELS)`, and the codes of one label, `(N,)`; both uint8.

    Raises:
        SourceError: it is missing or damaged.
    """
    data = files.read(name, MAX_FILE_BYTES)
    size = len(form.labels) + PIXELS
    if not data or len(data) % size:
        raise SourceError(
            f"{name} of {files.where} has {len(data)} bytes, expected a multiple of {size}",
            fix="fetch it again",
        )
    rows = np.frombuffer(data, np.uint8).reshape(-1, size)
    return rows[:, len(form.labels) :], rows[:, list(form.labels).index(label)]


def _check_codes(codes: np.ndarray, num_names: int, where: str, *, own: bool) -> None:
    """Refuse codes, uint8, that have no name; names are the archive's `own` or the entry's.

    Raises:
        SourceError: names the first of them.
    """
    unknown = codes[codes >= num_names]
    if len(unknown):
        raise SourceError(
            f"{where} has the label {unknown[0]}, but there are {num_names} classes",
            fix="fetch it again" if own else "correct classes in the catalog entry",
        )
