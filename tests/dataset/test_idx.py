"""IDX files are read in pairs; damaged ones are refused."""

import gzip
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits

from pipeline.dataset.catalog import Entry
from pipeline.dataset.images import decode
from pipeline.dataset.sources import open_source
from pipeline.runtime.errors import SourceError

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
    assert found.classes == [str(number) for number in range(10)]
    examples = {row["id"]: row for row in rows(tmp_path)}
    assert len(examples) == 50
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
    assert source(tmp_path).classes == ["0", "7"]
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
            gzip.compress(idx(IMAGES))[:-400],
            "{name} of {where} is damaged: Compressed file ended before the end-of-stream "
            "marker was reached",
        ),
        (IMAGES_FILE, idx(IMAGES[:40])[:-1], f"{SHOULD_HOLD} 2559"),
        (IMAGES_FILE, idx(IMAGES[:40]) + b"x", f"{SHOULD_HOLD} more"),
        (
            IMAGES_FILE,
            bytes((0, 0, 8, 3)) + struct.pack(">3I", 1 << 20, 1 << 10, 1 << 10),
            "{name} of {where} has 16 bytes and says that it holds 1099511627776",
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
