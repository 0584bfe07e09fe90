"""The official CIFAR-10 and CIFAR-100 archives, in their binary and their python form.

Both forms give the same examples under the same ids (`train/00000` …). The python form is
pickles. They are read with inert stand-ins for the few names that they may use, so nothing of
numpy or of anything else is called, whatever a pickle asks for.

Formats: https://www.cs.toronto.edu/~kriz/cifar.html
"""

import io
import pickle
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from pipeline.dataset.catalog import Entry
from pipeline.dataset.images import encode_png
from pipeline.dataset.sources import EXAMPLES_PER_BATCH, Batch, Source, examples_table
from pipeline.dataset.sources.trees import Files
from pipeline.runtime.errors import SourceError, one_line

SIDE = 32  # pixels
PIXELS = 3 * SIDE * SIDE  # red, then green, then blue
MAX_FILE_BYTES = 1 << 30


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
    return _find_form(files) is not None


def open_source(entry: Entry, files: Files, max_bytes: float) -> Source:
    """Read the archive's batches, which fit in memory (184 MB in all).

    Raises:
        SourceError: a batch is missing or damaged, or a pickle holds something else than data.
    """
    found = _find_form(files)
    if found is None:
        raise SourceError(
            f"{files.where} is no official CIFAR archive", fix="check uri, or leave kind out"
        )
    form, top = found
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
            name = top + batch
            data = files.read(name, MAX_FILE_BYTES)
            pixels, labels = read(data, form, label, f"{name} of {files.where}")
            if len(labels) and not 0 <= labels.min() <= labels.max() < len(names):
                raise SourceError(
                    f"{name} of {files.where} has the label {labels.max()}, but there are "
                    f"{len(names)} classes",
                    fix="fetch it again",
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


def _find_form(files: Files) -> tuple[Form, str] | None:
    """The form of the archive, and its top folder."""
    for form in FORMS:
        for name in files.others:
            if name == form.names or name.endswith("/" + form.names):
                top = name.removesuffix(form.names)
                if {top + form.train[0], top + form.test} <= files.members.keys():
                    return form, top
    return None


def _class_names(files: Files, top: str, form: Form, label: str) -> list[str]:
    if form.is_binary:
        name = form.names if label != "coarse_label" else "coarse_label_names.txt"
        text = files.read(top + name, 1 << 20).decode("utf-8", "replace")
        return [line.strip() for line in text.splitlines() if line.strip()]
    meta = load_pickle(files.read(top + form.names, 1 << 20), f"{form.names} of {files.where}")
    names = _field(meta, f"{label}_names")
    if not isinstance(names, list):
        raise SourceError(
            f"{form.names} of {files.where} has no {label}_names", fix="fetch it again"
        )
    return [_text(name) for name in names]


def _read_binary(data: bytes, form: Form, label: str, where: str) -> tuple[np.ndarray, np.ndarray]:
    size = len(form.labels) + PIXELS
    if not data or len(data) % size:
        raise SourceError(
            f"{where} has {len(data)} bytes, expected a multiple of {size}", fix="fetch it again"
        )
    rows = np.frombuffer(data, np.uint8).reshape(-1, size)
    labels = rows[:, form.labels.index(label)].astype(np.int64)
    return rows[:, len(form.labels) :], labels


def _read_pickle(data: bytes, form: Form, label: str, where: str) -> tuple[np.ndarray, np.ndarray]:
    content = load_pickle(data, where)
    values = _field(content, f"{label}s")
    array = _field(content, "data")
    pixels = array.pixels() if isinstance(array, InertArray) else None
    if (
        pixels is None
        or not isinstance(values, list)
        or not all(isinstance(value, int) for value in values)
        or len(values) != len(pixels)
    ):
        raise SourceError(f"{where} holds no CIFAR batch", fix="fetch it again")
    return pixels, np.array(values, np.int64)


def _field(content: Any, name: str) -> Any:
    if not isinstance(content, dict):
        return None
    return content.get(name, content.get(name.encode()))


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


class InertDtype:
    """What a pickle says of a dtype."""

    def __init__(self, *arguments: Any) -> None:
        self.code = _text(arguments[0]) if arguments else ""

    def __setstate__(self, state: Any) -> None:
        pass


class InertArray:
    """What a pickle says of an array."""

    state: Any = None

    def __init__(self, *arguments: Any) -> None:
        pass

    def __setstate__(self, state: Any) -> None:
        self.state = state

    def pixels(self) -> np.ndarray | None:
        """The array, if it is uint8 of shape `(N, PIXELS)`."""
        match self.state:
            case (_, (int(rows), int(columns)), InertDtype(code="u1"), bool(by_column), data):
                data = data.encode("latin-1") if isinstance(data, str) else data
                if (
                    isinstance(data, bytes)
                    and columns == PIXELS
                    and not by_column
                    and len(data) == rows * columns
                ):
                    return np.frombuffer(data, np.uint8).reshape(rows, columns)
        return None


def _encoded(text: Any, encoding: Any) -> bytes:
    """`_codecs.encode`, by which old protocols write bytes."""
    if not isinstance(text, str) or encoding != "latin1":
        raise pickle.UnpicklingError("an encoding other than latin1")
    return text.encode("latin-1")


def _from_buffer(data: Any, dtype: Any, shape: Any, order: Any) -> InertArray:
    """`_frombuffer`, by which protocol 5 writes arrays."""
    array = InertArray()
    array.state = (
        1,
        shape,
        dtype,
        order != "C",
        data if isinstance(data, bytes) else bytes(memoryview(data)),
    )
    return array


class InertUnpickler(pickle._Unpickler):
    """Knows the names by which numpy writes arrays, and has them do nothing.

    The one written in Python: the one in C allots memory for whatever index a memo names.
    """

    KNOWN: dict[tuple[str, str], Callable[..., Any]] = {
        ("numpy.core.multiarray", "_reconstruct"): InertArray,
        ("numpy._core.multiarray", "_reconstruct"): InertArray,
        ("numpy.core.numeric", "_frombuffer"): _from_buffer,
        ("numpy._core.numeric", "_frombuffer"): _from_buffer,
        ("numpy", "ndarray"): InertArray,
        ("numpy", "dtype"): InertDtype,
        ("_codecs", "encode"): _encoded,
    }

    def find_class(self, module: str, name: str) -> Any:
        try:
            return self.KNOWN[(module, name)]
        except KeyError:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}") from None


def load_pickle(data: bytes, where: str) -> Any:
    """What a pickle of plain data and numpy arrays holds; nothing that it names is run.

    Raises:
        SourceError: it is damaged, or asks for anything else.
    """
    try:
        return InertUnpickler(io.BytesIO(data), encoding="latin1").load()
    except Exception as error:  # hostile or damaged: anything may be raised
        reason = one_line(str(error)) or type(error).__name__
        raise SourceError(
            f"{where} is no pickle of plain data: {reason}",
            fix="fetch the official archive, or its binary form",
        ) from None
