"""Images as MedMNIST publishes them: an .npz with arrays of each split."""

import os
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest

from pipeline.modalities.images.content.decoding import prepare
from pipeline.runtime.errors import SourceError
from tests.support.entries import Entry, open_source

RANDOM = np.random.default_rng(0)
GREY = RANDOM.integers(0, 256, (6, 5, 4), np.uint8)
COLOUR = RANDOM.integers(0, 256, (6, 5, 4, 3), np.uint8)
CODES = np.array([[0], [1], [1], [0], [1], [0]], np.uint8)


def arrays(images=GREY, codes=CODES) -> dict[str, np.ndarray]:
    parts = {"train": slice(0, 3), "val": slice(3, 4), "test": slice(4, 6)}
    return {
        f"{split}_{what}": values[rows]
        for split, rows in parts.items()
        for what, values in (("images", images), ("labels", codes))
    }


def source(path: Path, **more):
    return open_source(Entry(uri=str(path), license="CC0-1.0", **more), 1e6)


def rows(path: Path, **more) -> list[dict]:
    return [row for read in source(path, **more).batches for row in read().to_pylist()]


def refusal(path: Path, **more) -> str:
    with pytest.raises(SourceError) as caught:
        rows(path, **more)
    return str(caught.value)


@pytest.mark.parametrize("images", [GREY, COLOUR], ids=["grey", "colour"])
@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_arrays_become_images_with_their_splits(here, images, save):
    save("medical.npz", **arrays(images))
    found = source(here / "medical.npz", classes=["healthy", "ill"])
    assert (found.kind, found.splits) == ("npz", {"train", "val", "test"})
    examples = rows(here / "medical.npz", classes=["healthy", "ill"])
    assert [row["split"] for row in examples] == ["train"] * 3 + ["val"] + ["test"] * 2
    assert [row["label"] for row in examples] == [
        "healthy",
        "ill",
        "ill",
        "healthy",
        "ill",
        "healthy",
    ]
    assert [row["id"] for row in examples][:4] == [
        "train/00000",
        "train/00001",
        "train/00002",
        "val/00000",
    ]
    for row, image in zip(examples, images, strict=True):
        assert np.array_equal(prepare(row["image"], 10_000).pixels.squeeze(), image)
    assert "which images are of one patient" in found.notes[0]


def test_a_folder_with_one_such_file_is_one(here):
    (here / "medical").mkdir()
    np.savez("medical/breast.npz", **arrays())
    (here / "medical/SOURCE.md").write_text("from somewhere")
    assert rows(here / "medical") == rows(here / "medical/breast.npz")


def test_without_val_it_is_drawn_from_train(here):
    some = {name: values for name, values in arrays().items() if not name.startswith("val")}
    np.savez("medical.npz", **some)
    assert source(here / "medical.npz").splits == {"train", "test"}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"train_images": GREY[:3].astype(float)}, "train_images of medical.npz holds float64 of"),
        ({"train_images": GREY[:3, :, :, None, None]}, "shape (3, 5, 4, 1, 1), expected bytes"),
        (
            {"test_labels": np.zeros((2, 14), np.uint8)},
            "uint8 of shape (2, 14), expected one",
        ),
        ({"test_labels": np.zeros(3, np.uint8)}, "expected one whole number for each of 2 images"),
        ({"val_labels": np.array([7])}, "has the label 7, but the entry names 2 classes"),
        ({"val_labels": np.array([-1])}, "has the label -1"),
    ],
)
def test_other_arrays_are_refused(here, changes, message):
    np.savez("medical.npz", **arrays() | changes)
    assert message in refusal(Path("medical.npz"), classes=["healthy", "ill"])


def test_labels_that_are_missing(here):
    some = arrays()
    del some["test_labels"]
    np.savez("medical.npz", **some)
    assert "medical.npz has no file test_labels.npy" in refusal(Path("medical.npz"))


class Trap:
    def __reduce__(self):
        return os.mkdir, ("caught",)


def test_nothing_is_unpickled(here):
    np.savez("medical.npz", **arrays() | {"val_labels": np.array([Trap()], object)})
    assert "holds Python objects, which are not unpickled" in refusal(Path("medical.npz"))
    assert not Path("caught").exists()
    with zipfile.ZipFile("raw.npz", "w") as archive:
        archive.writestr("train_images.npy", pickle.dumps(Trap()))
    assert "is no NumPy array" in refusal(Path("raw.npz"))
    assert not Path("caught").exists()


def test_a_header_that_promises_more_than_there_is(here):
    np.savez("medical.npz", **arrays())
    with zipfile.ZipFile("medical.npz") as archive:
        data = {name: archive.read(name) for name in archive.namelist()}
    cut = data | {"train_images.npy": data["train_images.npy"][:-7]}
    with zipfile.ZipFile("medical.npz", "w") as archive:
        for name, content in cut.items():
            archive.writestr(name, content)
    assert "train_images.npy of medical.npz should hold 60 bytes, found 53" in refusal(
        Path("medical.npz")
    )


def test_breastmnist_as_it_is_published():
    folder = os.environ.get("GROUNDWORK_DATA")
    if not folder or not Path(folder, "breastmnist").is_dir():
        pytest.skip("GROUNDWORK_DATA names no folder with breastmnist")
    found = source(Path(folder, "breastmnist"), classes=["malignant", "benign"])
    examples = [row for read in found.batches for row in read().to_pylist()]
    counts = {split: sum(row["split"] == split for row in examples) for split in found.splits}
    assert counts == {"train": 546, "val": 78, "test": 156}
    assert prepare(examples[0]["image"], 10_000).pixels.shape == (28, 28, 1)
