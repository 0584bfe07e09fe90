"""Class folders, their tar and their zip give the same examples."""

import tarfile
import zipfile
from pathlib import Path

import pytest

from pipeline.runtime.errors import SourceError
from pipeline.sources.places.problems import LINK_OUTSIDE
from tests.support.entries import Entry, open_source

PLAIN = ["cat/1.jpg", "cat/2.PNG", "dog/deep/er/1.jpg"]
SPLIT = ["Train/cat/1.jpg", "Train/dog/1.jpg", "valid/cat/1.jpg", "test/dog/1.jpg"]


def make(root: Path, names: list[str]) -> Path:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(f"image {name}".encode())
    return root


def source(uri: Path, max_bytes: float = 1e6, **more):
    return open_source(Entry(uri=str(uri), license="CC0-1.0", **more), max_bytes)


def rows(uri: Path, max_bytes: float = 1e6, **more) -> list[dict]:
    return [row for read in source(uri, max_bytes, **more).batches for row in read().to_pylist()]


def brief(uri: Path, **more) -> list[tuple]:
    return [(row["id"], row["label"], row["split"]) for row in rows(uri, **more)]


def refusal(uri: Path) -> str:
    with pytest.raises(SourceError) as caught:
        rows(uri)
    return str(caught.value)


def test_the_folder_is_the_class_and_the_path_the_id(tmp_path):
    make(tmp_path, PLAIN)
    assert brief(tmp_path) == [
        ("cat/1.jpg", "cat", None),
        ("cat/2.PNG", "cat", None),
        ("dog/deep/er/1.jpg", "dog", None),
    ]
    found = source(tmp_path)
    assert found.target == {"classes": ["cat", "dog"]}
    assert (found.num_examples, found.splits) == (3, frozenset())
    assert [row["image"] for row in rows(tmp_path)] == [f"image {n}".encode() for n in PLAIN]


def test_split_folders_are_splits(tmp_path):
    make(tmp_path, SPLIT)
    assert brief(tmp_path) == [
        ("Train/cat/1.jpg", "cat", "train"),
        ("Train/dog/1.jpg", "dog", "train"),
        ("test/dog/1.jpg", "dog", "test"),
        ("valid/cat/1.jpg", "cat", "val"),
    ]
    assert source(tmp_path).splits == {"train", "val", "test"}


@pytest.mark.parametrize("names", [PLAIN, SPLIT], ids=["plain", "splits"])
def test_folders_that_hold_everything_are_passed_through(tmp_path, names):
    make(tmp_path / "a", names)
    make(tmp_path / "b/pets-v2/images", names)
    (tmp_path / "b/pets-v2/README.txt").write_text("about")
    assert brief(tmp_path / "b") == brief(tmp_path / "a")


def test_a_class_alone_is_not_passed_through(tmp_path):
    make(tmp_path, ["cat/1.jpg", "cat/2.jpg"])
    assert brief(tmp_path) == [("cat/1.jpg", "cat", None), ("cat/2.jpg", "cat", None)]


def test_classes_that_are_numbers_come_in_their_order(tmp_path):
    make(tmp_path, [f"{number}/1.png" for number in (10, 9, 1)])
    assert source(tmp_path).target["classes"] == ["1", "9", "10"]
    assert source(tmp_path, classes=["10", "9", "1"]).target["classes"] == ["10", "9", "1"]


def test_litter_is_passed_over_and_what_is_beside_the_classes_has_no_label(tmp_path):
    names = [".DS_Store", "cat/.hidden.jpg", "cat/Thumbs.db", "__MACOSX/cat/1.jpg", "readme.jpg"]
    make(tmp_path, [*PLAIN, *names])
    assert brief(tmp_path) == [*brief(make(tmp_path / "a", PLAIN)), ("readme.jpg", None, None)]


def test_other_files_are_counted(tmp_path):
    names = ["cat/notes.txt", "bird/none.txt", "cat/1.json", "cat/model.PTH", "LICENSE", "a/x.b-c"]
    make(tmp_path, [*PLAIN, *names])
    assert [id for id, _, _ in brief(tmp_path)] == PLAIN
    found = source(tmp_path)
    assert found.target["classes"] == ["cat", "dog"]
    assert found.beside == {
        "not images: .txt": 2,
        "not images: .json": 1,
        "not images: .pth": 1,
        "not images: no suffix": 1,
        "not images: .b-c": 1,
    }


def test_files_that_begin_like_images_are_images_whatever_they_are_called(tmp_path, png):
    make(tmp_path, PLAIN)
    for name in ("cat/no-suffix", "dog/1.jpg_large"):
        (tmp_path / name).write_bytes(png(1))
    (tmp_path / "dog/2.jpg_large").write_text("text")
    ids = [id for id, _, _ in brief(tmp_path)]
    assert ids == sorted([*PLAIN, "cat/no-suffix", "dog/1.jpg_large"])
    assert source(tmp_path).beside == {"not images: .jpg_large": 1}


@pytest.mark.parametrize("compression", ["", "gz", "bz2", "xz"])
@pytest.mark.parametrize("names", [PLAIN, SPLIT], ids=["plain", "splits"])
def test_a_tar_is_as_good_as_its_folder(here, compression, names):
    make(here / "pets", names)
    with tarfile.open(here / "archive", f"w:{compression}") as archive:
        archive.add(here / "pets", "pets")
    assert rows(here / "archive") == rows(here / "pets")


def test_a_tar_compressed_by_zstandard(here):
    import pyarrow as pa

    make(here / "pets", PLAIN)
    with tarfile.open(here / "pets.tar", "w") as archive:
        archive.add(here / "pets", ".")
    content = pa.Codec("zstd").compress((here / "pets.tar").read_bytes(), asbytes=True)
    (here / "pets.tar.zst").write_bytes(content)
    assert rows(here / "pets.tar.zst") == rows(here / "pets")


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA])
def test_a_zip_is_as_good_as_its_folder(here, method):
    make(here / "pets", SPLIT)
    with zipfile.ZipFile(here / "pets.zip", "w", method) as archive:
        for path in sorted((here / "pets").rglob("*"), reverse=True):
            archive.write(path, path.relative_to(here))
    assert rows(here / "pets.zip") == rows(here / "pets")


def test_a_file_too_large_or_unusable_is_an_example_with_its_problem(tmp_path):
    make(tmp_path, PLAIN)
    (tmp_path / "cat/link.jpg").symlink_to("1.jpg")
    (tmp_path / "cat/out.jpg").symlink_to("/etc/hostname")
    (tmp_path / "cat/lost.jpg").symlink_to("nowhere.jpg")
    found = {row["id"]: row["problem"] for row in rows(tmp_path, max_bytes=16)}
    assert found == {
        "cat/1.jpg": None,
        "cat/2.PNG": None,
        "cat/link.jpg": None,
        "cat/lost.jpg": "a link that leads nowhere",
        "cat/out.jpg": LINK_OUTSIDE,
        "dog/deep/er/1.jpg": "23 bytes, more than 16 allowed",
    }


def test_batches_hold_about_so_many_files_or_bytes(tmp_path, monkeypatch):
    make(tmp_path, [f"cat/{number:02d}.jpg" for number in range(40)] + ["dog/1.jpg"])
    monkeypatch.setattr("pipeline.sources.source.EXAMPLES_PER_BATCH", 6)
    *sizes, last = [read().num_rows for read in source(tmp_path).batches]
    assert sum(sizes) + last == 41
    assert set(sizes) <= {4, 5, 6, 7, 8}
    assert 0 < last <= 8
    num_bytes = (tmp_path / "cat/00.jpg").stat().st_size
    monkeypatch.setattr("pipeline.sources.source.BYTES_PER_BATCH", 3 * num_bytes)
    *sizes, last = [read().num_rows for read in source(tmp_path).batches]
    assert sum(sizes) + last == 41
    assert set(sizes) <= {2, 3, 4}
    assert 0 < last <= 4


def test_images_that_are_in_no_class_folder(tmp_path):
    make(tmp_path, ["1.jpg", "2.jpg"])
    assert refusal(tmp_path) == (
        f"ERROR {tmp_path} has images, but none in a class folder (cat/1.jpg, train/cat/1.jpg) "
        "| fix: sort them into one folder a class, or list them in a CSV manifest"
    )


def test_nothing_that_is_known(tmp_path):
    make(tmp_path, ["cat/notes.txt"])
    assert refusal(tmp_path).startswith(f"ERROR uri {tmp_path} is of no known kind; known: ")


def test_nothing_there(tmp_path):
    assert refusal(tmp_path / "pets") == (
        f"ERROR uri {tmp_path}/pets does not exist | fix: correct it in the catalog entry"
    )
