"""CIFAR's archives: both forms give the same examples; what is no such archive is refused."""

import pickle
import shutil
import struct
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

from pipeline.dataset.catalog import Columns, Entry
from pipeline.ingest.sources.opening import open_source
from pipeline.modalities.images.prepare.decoding import decode
from pipeline.runtime.errors import SourceError

PER_BATCH = 20
TEN = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
HUNDRED = [f"fine {number}" for number in range(100)]
TWENTY = [f"coarse {number}" for number in range(20)]


def batch(number: int, num_classes: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(number)
    pixels = random.integers(0, 256, (PER_BATCH, 3072), dtype=np.uint8)
    return pixels, random.integers(0, num_classes, PER_BATCH)


def write_ten(folder: Path, *, binary: bool, protocol: int = 2) -> Path:
    """CIFAR-10 as its authors publish it, but for the number of images."""
    folder = folder / ("cifar-10-batches-bin" if binary else "cifar-10-batches-py")
    folder.mkdir(parents=True)
    for number in range(6):
        name = f"data_batch_{number + 1}" if number < 5 else "test_batch"
        pixels, labels = batch(number, 10)
        if binary:
            rows = np.concatenate([labels[:, None].astype(np.uint8), pixels], axis=1)
            (folder / f"{name}.bin").write_bytes(rows.tobytes())
        else:
            content = {b"batch_label": name.encode(), b"labels": labels.tolist(), b"data": pixels}
            (folder / name).write_bytes(pickle.dumps(content, protocol))
    if binary:
        (folder / "batches.meta.txt").write_text("\n".join(TEN) + "\n\n")
    else:
        meta = {"label_names": TEN, "num_vis": 3072}
        (folder / "batches.meta").write_bytes(pickle.dumps(meta, protocol))
    return folder.parent


def write_hundred(folder: Path, *, binary: bool) -> Path:
    folder = folder / ("cifar-100-binary" if binary else "cifar-100-python")
    folder.mkdir(parents=True)
    for number, name in enumerate(["train", "test"]):
        pixels, fine = batch(number, 100)
        coarse = fine // 5
        if binary:
            labels = np.stack([coarse, fine], axis=1).astype(np.uint8)
            content = np.concatenate([labels, pixels], axis=1).tobytes()
            (folder / f"{name}.bin").write_bytes(content)
        else:
            values = {"fine_labels": fine.tolist(), "coarse_labels": coarse.tolist()}
            (folder / name).write_bytes(pickle.dumps({**values, "data": pixels}, 2))
    names = {"fine_label_names": HUNDRED, "coarse_label_names": TWENTY}
    if binary:
        for name, words in names.items():
            (folder / f"{name}.txt").write_text("\n".join(words))
    else:
        (folder / "meta").write_bytes(pickle.dumps(names, 2))
    return folder.parent


def python_2(pixels: np.ndarray, labels: list[int], *, by_column: bool) -> bytes:
    """A batch as Python 2's cPickle writes it, with strings for bytes."""

    def string(data: bytes) -> bytes:
        if len(data) < 256:
            return b"U" + bytes([len(data)]) + data
        return b"T" + struct.pack("<i", len(data)) + data

    def short(number: int) -> bytes:
        return b"M" + struct.pack("<H", number)

    array = (
        b"cnumpy.core.multiarray\n_reconstruct\nq\x01cnumpy\nndarray\nq\x02K\x00\x85U\x01b\x87Rq\x03"
        b"(K\x01"
        + short(len(pixels))
        + short(3072)
        + b"\x86cnumpy\ndtype\nq\x04U\x02u1K\x00K\x01\x87R"
        b"q\x05(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
        + (b"\x88" if by_column else b"\x89")
        + string(pixels.tobytes("F" if by_column else "C"))
        + b"tb"
    )
    numbers = b"]q\x06(" + b"".join(b"K" + bytes([label]) for label in labels) + b"e"
    return (
        b"\x80\x02}q\x00(" + string(b"data") + array + string(b"labels") + numbers
        + string(b"filenames") + b"](" + string(b"a.png") + string(b"b.png") + b"e" + b"u."
    )  # fmt: skip


def source(uri: Path, **more):
    return open_source(Entry(uri=str(uri), license="x", **more))


def rows(uri: Path, **more) -> list[dict]:
    return [row for read in source(uri, **more).batches for row in read().to_pylist()]


def refusal(uri: Path, **more) -> str:
    with pytest.raises(SourceError) as caught:
        rows(uri, **more)
    return str(caught.value)


@pytest.mark.parametrize("protocol", [None, 2, 4, 5])
def test_cifar_10(tmp_path, protocol):
    uri = write_ten(tmp_path, binary=protocol is None, protocol=protocol or 2)
    found = source(uri)
    assert (found.kind, found.classes, found.splits) == ("cifar", TEN, {"train", "test"})
    examples = rows(uri)
    assert len(examples) == found.num_examples == 6 * PER_BATCH
    assert [row["id"] for row in examples] == [
        *(f"train/{number:05d}" for number in range(100)),
        *(f"test/{number:05d}" for number in range(20)),
    ]
    for number in range(6):
        pixels, labels = batch(number, 10)
        for row, values, label in zip(examples[number * PER_BATCH :], pixels, labels, strict=False):
            assert row["label"] == TEN[label]
            assert row["split"] == ("train" if number < 5 else "test")
            # Red first, each channel row by row.
            assert (decode(row["image"]) == values.reshape(3, 32, 32).transpose(1, 2, 0)).all()


def test_both_forms_are_the_same_examples_also_in_an_archive(here):
    examples = rows(write_ten(here / "a", binary=True))
    assert rows(write_ten(here / "b", binary=False)) == examples
    with tarfile.open(here / "cifar.tar.gz", "w:gz") as archive:
        archive.add(here / "b/cifar-10-batches-py", "cifar-10-batches-py")
    assert rows(here / "cifar.tar.gz") == examples
    with zipfile.ZipFile(here / "cifar.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for path in (here / "a/cifar-10-batches-bin").iterdir():
            archive.write(path, path.name)
    assert rows(here / "cifar.zip") == examples
    assert rows(here / "a/cifar-10-batches-bin") == examples


@pytest.mark.parametrize("by_column", [True, False])
def test_pickles_of_python_2(tmp_path, by_column):
    uri = write_ten(tmp_path, binary=False)
    examples = rows(uri)
    pixels, labels = batch(0, 10)
    data = python_2(pixels, labels.tolist(), by_column=by_column)
    assert (pickle.loads(data, encoding="latin1")["data"] == pixels).all()  # ours, so it is safe
    (uri / "cifar-10-batches-py/data_batch_1").write_bytes(data)
    assert rows(uri) == examples


@pytest.mark.parametrize("binary", [True, False])
def test_cifar_100(tmp_path, binary):
    uri = write_hundred(tmp_path, binary=binary)
    _, fine = batch(0, 100)
    assert source(uri).classes == HUNDRED
    assert [row["label"] for row in rows(uri)][:20] == [HUNDRED[code] for code in fine]
    coarse = {"columns": Columns(label="coarse_label")}
    assert source(uri, **coarse).classes == TWENTY
    assert [row["label"] for row in rows(uri, **coarse)][:20] == [TWENTY[c // 5] for c in fine]
    assert refusal(uri, columns=Columns(label="label")) == (
        f"ERROR {uri} has no label label; it has coarse_label, fine_label "
        "| fix: name one of these in the catalog entry, under columns: label:"
    )


def test_damaged_archives(tmp_path):
    uri = write_ten(tmp_path, binary=True)
    folder = uri / "cifar-10-batches-bin"
    whole = (folder / "data_batch_3.bin").read_bytes()
    (folder / "data_batch_3.bin").write_bytes(whole[:-1])
    name = f"cifar-10-batches-bin/data_batch_3.bin of {uri}"
    assert refusal(uri) == (
        f"ERROR {name} has {PER_BATCH * 3073 - 1} bytes, expected a multiple of 3073 "
        "| fix: fetch it again"
    )
    (folder / "data_batch_3.bin").write_bytes(b"\x0a" + whole[1:])
    assert refusal(uri) == (
        f"ERROR {name} has the label 10, but there are 10 classes | fix: fetch it again"
    )
    assert refusal(uri, classes=["a", "b"]).endswith(
        "but there are 2 classes | fix: correct classes in the catalog entry"
    )


@pytest.mark.parametrize("name", ["data_batch_1", "data_batch_3", "test_batch"])
@pytest.mark.parametrize("binary", [True, False])
def test_a_batch_that_is_missing(tmp_path, binary, name):
    uri = write_ten(tmp_path, binary=binary)
    folder = "cifar-10-batches-bin" if binary else "cifar-10-batches-py"
    file = f"{folder}/{name}{'.bin' if binary else ''}"
    (uri / file).unlink()
    assert refusal(uri) == f"ERROR {uri} has no file {file} | fix: fetch it again"


@pytest.mark.parametrize("names", [[], ["a"] * 10, ["a", ""], ["a", 3], [[], ()], "ab", None])
def test_names_of_classes_that_are_none(tmp_path, names):
    uri = write_ten(tmp_path, binary=False)
    meta = pickle.dumps({"label_names": names}, 2)
    (uri / "cifar-10-batches-py/batches.meta").write_bytes(meta)
    assert refusal(uri) == (
        f"ERROR cifar-10-batches-py/batches.meta of {uri} should hold names of classes that differ "
        "| fix: fetch it again, or give classes in the catalog entry"
    )
    assert source(uri, classes=TEN).num_examples == 6 * PER_BATCH


def test_two_archives_in_one_folder(tmp_path):
    write_ten(tmp_path, binary=False)
    write_hundred(tmp_path, binary=False)
    assert refusal(tmp_path) == (
        f"ERROR {tmp_path} holds several CIFAR archives: cifar-10-batches-py/, cifar-100-python/ "
        "| fix: point uri at one of them"
    )
    assert source(tmp_path / "cifar-100-python").classes == HUNDRED
    shutil.rmtree(tmp_path / "cifar-100-python")
    assert source(tmp_path).classes == TEN


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x80\x02}q\x00",
        b"\x80\x04\x8e" + (1 << 40).to_bytes(8, "little"),  # says that 1 TiB of bytes follow
        b"\x80\x02r\xff\xff\xff\x7f.",  # puts nothing into the memo, at a large index
        b"cnumpy\ndtype\n(S'u1'\ntR.",  # a dtype alone
        pickle.dumps({"data": np.zeros((3, 7), np.uint8), "labels": [0, 0, 0]}),
        pickle.dumps({"data": np.zeros((3, 3072), object), "labels": [0, 0, 0]}),
        pickle.dumps({"data": np.zeros((3, 3072), np.uint8), "labels": [0]}),
        pickle.dumps({"data": np.zeros((3, 3072), np.uint8), "labels": [0, 1 << 70, 0]}),
        pickle.dumps({"data": np.zeros((3, 3072), np.uint8), "labels": [0, "1", 0]}),
        pickle.dumps({"data": np.zeros((0, 3072), np.uint8), "labels": []}),
        pickle.dumps([1, 2]),
        pickle.dumps({"data": np.zeros((1, 3072), np.uint8), "labels": [0]}, 2).replace(
            b"X\x00\x0c\x00\x00\x00\x00",
            b"X\x00\x0c\x00\x00\xcf\xb8",  # bytes above 255
        ),
    ],
    ids=range(13),
)
def test_a_pickle_that_is_no_batch_is_refused(tmp_path, data):
    uri = write_ten(tmp_path, binary=False)
    (uri / "cifar-10-batches-py/data_batch_2").write_bytes(data)
    message = refusal(uri)
    assert message.startswith(f"ERROR cifar-10-batches-py/data_batch_2 of {uri} ")
    assert "\n" not in message


def test_a_pickle_that_asks_for_code_is_refused(tmp_path):
    uri = write_ten(tmp_path, binary=False)
    (uri / "cifar-10-batches-py/data_batch_2").write_bytes(pickle.dumps(print))
    assert refusal(uri) == (
        f"ERROR cifar-10-batches-py/data_batch_2 of {uri} is no pickle of plain data: it asks for "
        "builtins.print | fix: fetch the official archive, or its binary form"
    )


def test_other_folders_are_not_claimed(tmp_path):
    for name in ("train", "test", "meta"):  # as lists of files are called, too
        (tmp_path / name).write_text("a.png 1\n")
    assert refusal(tmp_path).startswith(f"ERROR uri {tmp_path} is of no known kind")


def test_pickles_damaged_anywhere_are_data_or_are_refused(tmp_path):
    random = np.random.default_rng(0)
    pixels, labels = batch(0, 10)
    uri = write_ten(tmp_path, binary=False)
    file = uri / "cifar-10-batches-py/data_batch_1"
    num_refused = 0
    for number in range(300):
        data = bytearray(pickle.dumps({"labels": labels.tolist(), "data": pixels}, number % 6))
        near_an_end = random.integers(0, 200, 2) * random.choice([1, -1], 2)
        data[near_an_end[0]], data[near_an_end[1]] = random.bytes(2)
        file.write_bytes(data)
        try:
            assert source(uri).num_examples == 6 * PER_BATCH
        except SourceError as error:
            num_refused += 1
            assert len(str(error)) < 500  # noqa: PT017 - it may be raised or not
            assert "\n" not in str(error)  # noqa: PT017
    assert 100 < num_refused < 300
