"""CIFAR's archives: both forms give the same examples; no pickle runs anything."""

import io
import os
import pickle
import tarfile
from pathlib import Path

import numpy as np
import pytest

from pipeline.dataset.catalog import Columns, Entry
from pipeline.dataset.images import decode
from pipeline.dataset.sources import open_source
from pipeline.dataset.sources.cifar import load_pickle
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
    assert rows(here / "a/cifar-10-batches-bin") == examples


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
    (folder / "data_batch_3.bin").unlink()
    assert refusal(uri) == (
        f"ERROR {uri} has no file cifar-10-batches-bin/data_batch_3.bin | fix: fetch it again"
    )


class Attack:
    def __init__(self, function, *arguments):
        self.call = (function, arguments)

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4, 5])
@pytest.mark.parametrize(
    ("function", "name"),
    [(os.system, "posix.system"), (eval, "builtins.eval"), (np.fromfile, "numpy.fromfile")],
)
def test_a_pickle_with_code_runs_nothing(tmp_path, protocol, function, name):
    if protocol < 3:
        name = name.replace("builtins", "__builtin__")
    canary = tmp_path / "canary"
    argument = f"open({str(canary)!r}, 'w')" if function is eval else f"touch {canary}"
    data = pickle.dumps({"data": Attack(function, argument)}, protocol)
    with pytest.raises(SourceError) as caught:
        load_pickle(data, "data_batch_1")
    module = name.rpartition(".")[0]
    assert f"ERROR data_batch_1 is no pickle of plain data: it asks for {module}." in str(
        caught.value
    )
    assert not canary.exists()


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
    ],
    ids=range(8),
)
def test_a_pickle_that_is_no_batch_is_refused(tmp_path, data):
    uri = write_ten(tmp_path, binary=False)
    (uri / "cifar-10-batches-py/data_batch_2").write_bytes(data)
    message = refusal(uri)
    assert message.startswith(f"ERROR cifar-10-batches-py/data_batch_2 of {uri} ")
    assert "\n" not in message


def test_what_pickle_makes_of_the_bomb_of_references_stays_small():
    bomb: list = []
    for _ in range(60):
        bomb = [bomb, bomb]
    data = pickle.dumps({"labels": bomb}, 2)
    assert len(data) < 1000
    assert isinstance(load_pickle(data, "x"), dict)


def test_other_folders_are_not_claimed(tmp_path):
    (tmp_path / "train").mkdir()
    (tmp_path / "train/meta").write_bytes(io.BytesIO().getvalue())
    assert refusal(tmp_path).startswith(f"ERROR uri {tmp_path} is of no known kind")
