"""CIFAR's binary archives give their examples; pickles, and what is no archive, are refused."""

import pickle
import shutil
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

from pipeline.modalities.images.content.decoding import decode
from pipeline.runtime.errors import SourceError
from tests.support.entries import Columns, Entry, open_source

PER_BATCH = 20
TEN = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
HUNDRED = [f"fine {number}" for number in range(100)]
TWENTY = [f"coarse {number}" for number in range(20)]


def batch(number: int, num_classes: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(number)
    pixels = random.integers(0, 256, (PER_BATCH, 3072), dtype=np.uint8)
    return pixels, random.integers(0, num_classes, PER_BATCH)


def write_ten(folder: Path) -> Path:
    """CIFAR-10 as its authors publish it, but for the number of images."""
    folder = folder / "cifar-10-batches-bin"
    folder.mkdir(parents=True)
    for number in range(6):
        name = f"data_batch_{number + 1}" if number < 5 else "test_batch"
        pixels, labels = batch(number, 10)
        rows = np.concatenate([labels[:, None].astype(np.uint8), pixels], axis=1)
        (folder / f"{name}.bin").write_bytes(rows.tobytes())
    (folder / "batches.meta.txt").write_text("\n".join(TEN) + "\n\n")
    return folder.parent


def write_hundred(folder: Path) -> Path:
    folder = folder / "cifar-100-binary"
    folder.mkdir(parents=True)
    for number, name in enumerate(["train", "test"]):
        pixels, fine = batch(number, 100)
        labels = np.stack([fine // 5, fine], axis=1).astype(np.uint8)
        (folder / f"{name}.bin").write_bytes(np.concatenate([labels, pixels], axis=1).tobytes())
    for name, words in {"fine": HUNDRED, "coarse": TWENTY}.items():
        (folder / f"{name}_label_names.txt").write_text("\n".join(words))
    return folder.parent


def write_pickles(folder: Path, names: str, batches: list[str], protocol: int = 2) -> Path:
    """The python form of an archive; its pickles hold anything, since they are not read."""
    folder.mkdir(parents=True)
    for name in [names, *batches]:
        (folder / name).write_bytes(pickle.dumps({b"labels": [0, 1]}, protocol))
    return folder.parent


def source(uri: Path, **more):
    return open_source(Entry(uri=str(uri), license="x", **more))


def rows(uri: Path, **more) -> list[dict]:
    return [row for read in source(uri, **more).batches for row in read().to_pylist()]


def refusal(uri: Path, **more) -> str:
    with pytest.raises(SourceError) as caught:
        rows(uri, **more)
    return str(caught.value)


def test_cifar_10(tmp_path):
    uri = write_ten(tmp_path)
    found = source(uri)
    assert (found.kind, found.target["classes"], found.splits) == ("cifar", TEN, {"train", "test"})
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


def test_an_archive_and_its_folder_are_the_same_examples(here):
    examples = rows(write_ten(here / "a"))
    folder = here / "a/cifar-10-batches-bin"
    with tarfile.open(here / "cifar.tar.gz", "w:gz") as archive:
        archive.add(folder, folder.name)
    assert rows(here / "cifar.tar.gz") == examples
    with zipfile.ZipFile(here / "cifar.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for path in folder.iterdir():
            archive.write(path, path.name)
    assert rows(here / "cifar.zip") == examples
    assert rows(folder) == examples


def test_cifar_100(tmp_path):
    uri = write_hundred(tmp_path)
    _, fine = batch(0, 100)
    assert source(uri).target["classes"] == HUNDRED
    assert [row["label"] for row in rows(uri)][:20] == [HUNDRED[code] for code in fine]
    coarse = {"columns": Columns(label="coarse_label")}
    assert source(uri, **coarse).target["classes"] == TWENTY
    assert [row["label"] for row in rows(uri, **coarse)][:20] == [TWENTY[c // 5] for c in fine]
    assert refusal(uri, columns=Columns(label="label")) == (
        f"ERROR {uri} has no label label; it has coarse_label, fine_label "
        "| fix: name one of these in the catalog entry, under columns: label:"
    )


@pytest.mark.parametrize("kind", ["auto", "cifar"])
@pytest.mark.parametrize("protocol", [0, 1, 2, 5])
def test_the_python_form_is_refused_with_the_address_of_the_binary_one(here, protocol, kind):
    ten = write_pickles(here / "a/cifar-10-batches-py", "batches.meta", ["test_batch"], protocol)
    assert refusal(ten, kind=kind) == (
        f"ERROR {ten} holds the python archive of CIFAR-10, whose pickles are not read | fix: "
        "point uri at the binary archive, https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"
    )
    hundred = write_pickles(here / "b/cifar-100-python", "meta", ["train", "test"], protocol)
    with tarfile.open(here / "cifar.tar.gz", "w:gz") as archive:
        archive.add(hundred / "cifar-100-python", "cifar-100-python")
    assert refusal(here / "cifar.tar.gz", kind=kind) == (
        f"ERROR {here}/cifar.tar.gz holds the python archive of CIFAR-100, whose pickles are not "
        "read | fix: point uri at the binary archive, "
        "https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz"
    )


def test_the_binary_form_is_read_where_both_are(tmp_path):
    write_pickles(tmp_path / "cifar-10-batches-py", "batches.meta", ["data_batch_1"])
    assert source(write_ten(tmp_path)).target["classes"] == TEN


def test_damaged_archives(tmp_path):
    uri = write_ten(tmp_path)
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
def test_a_batch_that_is_missing(tmp_path, name):
    uri = write_ten(tmp_path)
    file = f"cifar-10-batches-bin/{name}.bin"
    (uri / file).unlink()
    assert refusal(uri) == f"ERROR {uri} has no file {file} | fix: fetch it again"


@pytest.mark.parametrize("names", ["", " \n", "a\n", "a\nb\na\n"])
def test_names_of_classes_that_are_none(tmp_path, names):
    uri = write_ten(tmp_path)
    (uri / "cifar-10-batches-bin/batches.meta.txt").write_text(names)
    assert refusal(uri) == (
        f"ERROR cifar-10-batches-bin/batches.meta.txt of {uri} should hold names of classes that "
        "differ | fix: fetch it again, or give classes in the catalog entry"
    )
    assert source(uri, classes=TEN).num_examples == 6 * PER_BATCH


def test_two_archives_in_one_folder(tmp_path):
    write_ten(tmp_path)
    write_hundred(tmp_path)
    assert refusal(tmp_path) == (
        f"ERROR {tmp_path} holds several CIFAR archives: cifar-10-batches-bin/, cifar-100-binary/ "
        "| fix: point uri at one of them"
    )
    assert source(tmp_path / "cifar-100-binary").target["classes"] == HUNDRED
    shutil.rmtree(tmp_path / "cifar-100-binary")
    assert source(tmp_path).target["classes"] == TEN


def test_what_is_no_archive(tmp_path):
    (tmp_path / "data_batch_1.bin").write_bytes(b"")
    assert refusal(tmp_path, kind="cifar") == (
        f"ERROR {tmp_path} is no official CIFAR archive | fix: point uri at one, or leave kind out"
    )


def test_other_folders_are_not_claimed(tmp_path):
    for name in ("train", "test", "meta"):  # as lists of files are called, too
        (tmp_path / name).write_text("a.png 1\n")
    assert refusal(tmp_path).startswith(f"ERROR uri {tmp_path} is of no known kind")
