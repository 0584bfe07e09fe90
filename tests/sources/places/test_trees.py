"""A folder, a tar and a zip list and read alike; an archive holds no more than it should."""

import gzip
import os
import tarfile
import zipfile
from pathlib import Path

import pytest

from pipeline.runtime.errors import SourceError
from pipeline.sources.places import trees, unpack
from pipeline.sources.places.archives import Tar, Zip
from pipeline.sources.places.files import open_files
from pipeline.sources.places.members import by_name, named
from pipeline.sources.places.problems import UnusableFile
from pipeline.sources.places.trees import Folder
from tests.support.hostile_images import tar_header, tar_of

SUFFIXES = frozenset({".jpg"})
CONTENT = {"a/1": b"one", "a/b/2": b"", "c": b"three" * 1000}


@pytest.fixture
def folder(here: Path) -> Path:
    for name, data in CONTENT.items():
        path = here / "folder" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return here / "folder"


def as_tar(folder: Path, mode: str = "w") -> Path:
    path = folder.with_name("archive" + mode.replace(":", "."))
    with tarfile.open(path, mode) as archive:
        archive.add(folder, "")
    return path


def as_zip(folder: Path) -> Path:
    path = folder.with_name("archive.zip")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in CONTENT:
            archive.write(folder / name, name)
    return path


@pytest.mark.parametrize("make", [lambda folder: folder, as_tar, as_zip])
def test_each_tree_lists_and_reads_the_same(folder, make):
    files = open_files(make(folder), "here", SUFFIXES)
    assert isinstance(files.tree, Folder | Tar | Zip)
    assert {n: (m.size, m.problem) for n, m in files.members.items()} == {
        name: (len(data), "") for name, data in CONTENT.items()
    }
    assert list(files.members) == sorted(CONTENT)
    for name, data in CONTENT.items():
        assert files.read(name, 1e6) == data
        assert files.tree.read(files.members[name], len(data)) == data
    with pytest.raises(UnusableFile) as caught:
        files.tree.read(files.members["c"], 4999)
    assert str(caught.value) == "5000 bytes, more than 4999 allowed"


def test_a_single_file_is_a_tree_of_one(folder):
    files = open_files(folder / "c", "here", SUFFIXES)
    assert (list(files.members), files.read("c", 1e6)) == (["c"], CONTENT["c"])


def test_a_file_that_the_source_hangs_on(folder):
    files = open_files(folder, "here", SUFFIXES)
    with pytest.raises(SourceError) as caught:
        files.read("d", 1e6)
    assert str(caught.value) == "ERROR here has no file d | fix: fetch it again"
    with pytest.raises(SourceError) as caught:
        files.read("c", 10)
    assert str(caught.value) == (
        "ERROR file c of here is unusable: 5000 bytes, more than 10 allowed | fix: fetch it again"
    )


def test_what_became_of_a_file_since_it_was_listed(folder):
    files = open_files(folder, "here", SUFFIXES)
    (folder / "a/1").unlink()
    os.mkfifo(folder / "a/1")
    (folder / "c").unlink()
    reasons = {}
    for name in ("a/1", "c"):
        with pytest.raises(UnusableFile) as caught:
            files.tree.read(files.members[name], 1e6)
        reasons[name] = str(caught.value)
    assert reasons == {
        "a/1": "no regular file",
        "c": "cannot be read: No such file or directory",
    }


def test_a_zip_that_is_replaced_is_opened_again(folder):
    path = as_zip(folder)
    assert open_files(path, "here", SUFFIXES).read("a/1", 1e6) == b"one"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a/1", b"another")
    os.utime(path, ns=(1, 1))
    assert open_files(path, "here", SUFFIXES).read("a/1", 1e6) == b"another"


def test_a_compressed_tar_is_decompressed_once_for_each_version_of_it(folder):
    path = as_tar(folder, "w:gz")
    first = open_files(path, "here", SUFFIXES).tree.path
    assert first.parent == trees.UNPACKED_DIR
    assert first.read_bytes() == gzip.decompress(path.read_bytes())
    assert open_files(path, "here", SUFFIXES).tree.path == first
    os.utime(path, ns=(1, 1))
    assert open_files(path, "here", SUFFIXES).tree.path != first


@pytest.mark.parametrize("make", [lambda folder: as_tar(folder, "w:gz"), as_zip])
def test_an_archive_may_grow_so_far_and_no_further(folder, make, monkeypatch):
    path = make(folder)
    grown = sum(map(len, CONTENT.values()))
    if path.suffix != ".zip":
        grown = len(gzip.decompress(path.read_bytes()))
    monkeypatch.setattr(unpack, "MAX_GROWTH", 0)
    monkeypatch.setattr(unpack, "GROWTH_FREE_BYTES", grown - 1)
    with pytest.raises(SourceError, match="grows to far more than its size"):
        open_files(path, "here", SUFFIXES)
    assert not list(trees.UNPACKED_DIR.glob("*"))
    monkeypatch.setattr(unpack, "GROWTH_FREE_BYTES", grown)
    assert list(open_files(path, "here", SUFFIXES).members) == sorted(CONTENT)


def test_what_is_compressed_and_no_tar_is_a_single_file(here):
    (here / "notes.gz").write_bytes(gzip.compress(b"just notes" * 100))
    assert list(open_files(here / "notes.gz", "here", SUFFIXES).members) == ["notes.gz"]


def test_a_tar_may_end_without_its_end_but_not_go_on_after_damage(here):
    member = (tar_header("a", 3), b"one")
    whole = tar_of(member, member)
    path = here / "archive.tar"
    path.write_bytes(whole[:-1024])  # as some writers leave it
    assert list(open_files(path, "here", SUFFIXES).members) == ["a", "a#2"]
    path.write_bytes(whole[:1024] + b"!" + whole[1025:])
    with pytest.raises(SourceError) as caught:
        open_files(path, "here", SUFFIXES)
    assert str(caught.value) == (
        "ERROR archive here is damaged: no header at byte 1024 | fix: fetch it again"
    )


@pytest.mark.parametrize(
    ("path", "name", "problem"),
    [
        ("a/b.jpg", "a/b.jpg", ""),
        ("./a//b.jpg", "a/b.jpg", ""),
        ("a b (1).jpg", "a b (1).jpg", ""),
        ("cafe\u0301", "caf\u00e9", ""),
        ("3.00\u202fPM", "3.00\u202fPM", ""),
        ("/etc/passwd", "etc/passwd", "a name that leads outside the archive"),
        ("a/../b", "a/../b", "a name that leads outside the archive"),
        ("a..b/..c", "a..b/..c", ""),
        ("a\nb", "a\\nb", "a name with control characters"),
        ("a\u202eb", "a\\u202eb", "a name with control characters"),
        ("\udcff", "\\xff", "a name that is not UTF-8"),
    ],
)
def test_names(path, name, problem):
    member = named(path, 1, 2, "")
    assert (member.name, member.path, member.problem) == (name, path, problem)
    assert named(path, 1, 2, "encrypted").problem == "encrypted"


def test_of_several_files_of_one_name_the_first_stays():
    found = [named(path, 1, offset, "") for offset, path in enumerate(["a", "a", "a#2", "a", "b"])]
    members = by_name(reversed(found))
    assert {name: (m.offset, bool(m.problem)) for name, m in members.items()} == {
        "a": (0, False),
        "a#2": (1, True),
        "a#3": (3, True),
        "a#2#2": (2, True),
        "b": (4, False),
    }


def test_a_relative_path_in_the_folder_of_an_experiment_is_said_to_lead_elsewhere(
    here, monkeypatch
):
    experiment = here / "project/.dvc/tmp/exps/tmpabc"
    experiment.mkdir(parents=True)
    monkeypatch.chdir(experiment)
    with pytest.raises(SourceError) as caught:
        open_files(Path("../pets"), "../pets", SUFFIXES)
    assert caught.value.what == "uri ../pets does not exist"
    assert f"write {here / 'pets'} in the catalog entry" in caught.value.fix
    with pytest.raises(SourceError) as caught:
        open_files(here / "pets", "pets", SUFFIXES)
    assert caught.value.fix == "correct it in the catalog entry"
