"""IDX files are read in pairs; damaged ones are refused."""

import gzip
import pickle
import struct
import tracemalloc
import zipfile
import zlib
from math import ceil
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits

from pipeline.modalities.images.content.decoding import decode
from pipeline.runtime.errors import SourceError
from pipeline.sources.source import EXAMPLES_PER_BATCH
from tests.support.entries import Entry, open_source

DIGITS = load_digits()
IMAGES = (DIGITS.images[:50] * 15).astype(np.uint8)
LABELS = DIGITS.target[:50].astype(np.uint8)


def idx(array: np.ndarray) -> bytes:
    header = bytes((0, 0, 8, array.ndim)) + struct.pack(f">{array.ndim}I", *array.shape)
    return header + array.tobytes()


def write(folder: Path, *, suffix: str = ".gz", before: str = "", dot: str = "-") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for split, rows in (("train", slice(0, 40)), ("t10k", slice(40, 50))):
        for what, array in (("images", IMAGES[rows]), ("labels", LABELS[rows])):
            data = idx(array)
            name = f"{before}{split}-{what}{dot}idx{array.ndim}-ubyte{suffix}"
            (folder / name).write_bytes(gzip.compress(data) if suffix else data)
    return folder


def source(uri: Path, **more):
    return open_source(Entry(uri=str(uri), license="x", **more))


def rows(uri: Path, **more) -> list[dict]:
    return [row for read in source(uri, **more).batches for row in read().to_pylist()]


def refusal(uri: Path, **more) -> str:
    with pytest.raises(SourceError) as caught:
        rows(uri, **more)
    return str(caught.value)


@pytest.mark.parametrize("suffix", ["", ".gz"])
@pytest.mark.parametrize(("before", "dot"), [("", "-"), ("emnist-digits-", "."), ("raw/", "-")])
def test_pairs_of_files(tmp_path, suffix, before, dot):
    (tmp_path / "raw").mkdir()
    write(tmp_path, suffix=suffix, before=before, dot=dot)
    found = source(tmp_path)
    assert (found.kind, found.num_examples, found.splits) == ("idx", 50, {"train", "test"})
    assert found.target["classes"] == [str(number) for number in range(10)]
    examples = {row["id"]: row for row in rows(tmp_path)}
    assert list(examples) == [
        *(f"train/{number:05d}" for number in range(40)),
        *(f"test/{number:05d}" for number in range(10)),
    ]
    for number in range(50):
        id, split = (
            (f"train/{number:05d}", "train") if number < 40 else (f"test/{number - 40:05d}", "test")
        )
        assert (decode(examples[id]["image"])[:, :, 0] == IMAGES[number]).all()
        assert examples[id]["label"] == str(LABELS[number])
        assert examples[id]["split"] == split


def test_a_zip_of_them_and_names_of_classes(here):
    write(here / "idx")
    with zipfile.ZipFile(here / "idx.zip", "w") as archive:
        for path in (here / "idx").iterdir():
            archive.write(path, f"data/{path.name}")
    names = [f"digit {number}" for number in range(10)]
    found = rows(here / "idx.zip", classes=names)
    assert found == rows(here / "idx", classes=names)
    assert {row["label"] for row in found} == set(names)
    assert refusal(here / "idx", classes=names[:5]) == (
        f"ERROR {here}/idx has the label 9, but the entry names 5 classes "
        "| fix: correct classes in the catalog entry"
    )


def test_labels_that_skip_numbers(tmp_path):
    write(tmp_path)
    (tmp_path / "train-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx(LABELS[:40] // 5 * 7)))
    (tmp_path / "t10k-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx(LABELS[40:] // 5 * 7)))
    assert source(tmp_path).target["classes"] == ["0", "7"]
    assert {row["label"] for row in rows(tmp_path)} == {"0", "7"}


IMAGES_FILE, LABELS_FILE = "train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"


SHOULD_HOLD = "{name} of {where} should hold 2560 bytes, found"


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        (IMAGES_FILE, b"", "{name} of {where} is no IDX file of bytes in 3 dimensions"),
        (IMAGES_FILE, idx(LABELS), "{name} of {where} is no IDX file of bytes in 3 dimensions"),
        (
            IMAGES_FILE,
            gzip.compress(idx(IMAGES[:40]))[:-400],
            "{name} of {where} is damaged: Compressed file ended before the end-of-stream "
            "marker was reached",
        ),
        (
            IMAGES_FILE,
            gzip.compress(idx(IMAGES[:40]))[:-8] + bytes(8),
            f"{{name}} of {{where}} is damaged: CRC check failed 0x0 != "
            f"{zlib.crc32(idx(IMAGES[:40])):#x}",
        ),
        (IMAGES_FILE, idx(IMAGES[:40])[:-1], f"{SHOULD_HOLD} 2559"),
        (IMAGES_FILE, idx(IMAGES[:40]) + b"x", f"{SHOULD_HOLD} more"),
        (
            IMAGES_FILE,
            bytes((0, 0, 8, 3)) + struct.pack(">3I", 1 << 20, 1 << 10, 1 << 10),
            "{name} of {where} has 16 bytes and says that it holds 1099511627776",
        ),
        (
            IMAGES_FILE,
            idx(np.zeros((40, 0, 8), np.uint8)),
            "{name} of {where} has images of 0 x 8 pixels, expected 1 to inf in all",
        ),
        (LABELS_FILE, idx(LABELS), f"{IMAGES_FILE} has 40 images, {LABELS_FILE} has 50 labels"),
    ],
)  # fmt: skip
def test_damaged_files(tmp_path, name, data, message):
    write(tmp_path)
    (tmp_path / name).write_bytes(data)
    expected = message.format(name=name, where=tmp_path)
    assert refusal(tmp_path).startswith(f"ERROR {expected} | fix: fetch ")


def test_a_partner_that_is_missing(tmp_path):
    write(tmp_path)
    (tmp_path / LABELS_FILE).unlink()
    expected = (
        f"ERROR {tmp_path} has {IMAGES_FILE}, but not the labels that belong to it "
        "| fix: point uri at the folder that has both files"
    )
    assert refusal(tmp_path) == expected
    assert refusal(tmp_path / IMAGES_FILE) == expected.replace(
        f"{tmp_path} has", f"{tmp_path / IMAGES_FILE} has"
    )
    write(tmp_path)
    (tmp_path / IMAGES_FILE).unlink()
    assert refusal(tmp_path) == expected.replace(
        f"{IMAGES_FILE}, but not the labels", f"{LABELS_FILE}, but not the images"
    )


def test_a_file_and_its_compressed_copy_beside_it(tmp_path):
    examples = rows(write(tmp_path, suffix=""))
    assert rows(write(tmp_path, suffix=".gz")) == examples


@pytest.mark.parametrize(
    ("before", "starts"),
    [("emnist-", "emnist-t10k, emnist-train, t10k, train"), (None, "t10k, test, train")],
)
def test_several_datasets_in_one_folder(tmp_path, before, starts):
    write(tmp_path)
    if before:
        write(tmp_path, before=before)
    else:
        for path in tmp_path.glob("t10k-*"):
            path.with_name(path.name.replace("t10k", "test")).write_bytes(path.read_bytes())
    assert refusal(tmp_path) == (
        f"ERROR {tmp_path} holds several datasets, whose files start with {starts} "
        "| fix: point uri at a folder with one of them"
    )


def test_images_that_are_larger_than_allowed(tmp_path):
    entry = Entry(uri=str(write(tmp_path)), license="x")
    assert open_source(entry, 64).num_examples == 50
    with pytest.raises(SourceError) as caught:
        open_source(entry, 63)
    assert str(caught.value) == (
        f"ERROR {IMAGES_FILE} of {tmp_path} has images of 8 x 8 pixels, expected 1 to 63 in all "
        "| fix: fetch it again, or raise ingest.max_file_mb"
    )


def test_images_are_decompressed_batch_by_batch(tmp_path):
    images = np.zeros((80_000, 28, 28), np.uint8)  # 63 MB, of which 61 KB are stored
    labels = np.zeros(len(images), np.uint8)
    (tmp_path / IMAGES_FILE).write_bytes(gzip.compress(idx(images), 9))
    (tmp_path / LABELS_FILE).write_bytes(gzip.compress(idx(labels), 9))
    del images
    tracemalloc.start()
    try:
        found = source(tmp_path, classes=["a", "b"])
        sizes = [len(pickle.dumps(batch)) for batch in found.batches]
        assert tracemalloc.get_traced_memory()[1] < 16e6
    finally:
        tracemalloc.stop()
    assert len(sizes) == ceil(80_000 / EXAMPLES_PER_BATCH)
    # A worker is sent its rows and no others.
    assert max(sizes) < EXAMPLES_PER_BATCH * 28 * 28 + 20_000
