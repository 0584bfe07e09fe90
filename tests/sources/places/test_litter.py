"""What file managers and network drives leave behind is none of the data, and is counted."""

import zipfile
from pathlib import Path

import pytest

from pipeline.sources.places import trees
from pipeline.sources.places.files import open_files
from pipeline.sources.places.members import litter_kind

SUFFIXES = frozenset({".jpg"})
LITTER = {
    "cat/@eaDir/1.jpg/SYNOPHOTO_THUMB_XL.jpg": "in @eaDir",
    "cat/@EADIR/2.jpg/SYNOPHOTO_THUMB_M.jpg": "in @eaDir",
    "cat/#recycle/3.jpg": "in #recycle",
    "$recycle.bin/S-1-5/4.jpg": "in $RECYCLE.BIN",
    "System Volume Information/5.jpg": "in System Volume Information",
    "lost+found/6.jpg": "in lost+found",
    "__MACOSX/cat/._7.jpg": "in __MACOSX",
    "cat/.thumbnails/8.jpg": "hidden",
    "cat/._9.jpg": "hidden",
    ".DS_Store": "hidden",
    "cat/THUMBS.DB": "Thumbs.db",
    "cat/Desktop.ini": "desktop.ini",
    "cat/1.jpg@SynoEAStream": "of a network drive",
}
KEPT = ["cat/1.jpg", "cat/thumbs/1.jpg", "cat/lost+found.jpg", "cat/recycle/1.jpg"]


@pytest.fixture
def folder(here: Path) -> Path:
    for name in (*LITTER, *KEPT):
        (here / "data" / name).parent.mkdir(parents=True, exist_ok=True)
        (here / "data" / name).write_bytes(b"x")
    return here / "data"


def counted() -> dict[str, int]:
    kinds = list(LITTER.values())
    return {kind: kinds.count(kind) for kind in kinds}


def test_litter_of_a_folder_and_of_a_zip_is_counted_by_kind(folder, here):
    with zipfile.ZipFile(here / "data.zip", "w") as archive:
        for name in (*LITTER, *KEPT):
            archive.write(folder / name, name)
    for path in (folder, here / "data.zip"):
        files = open_files(path, "here", SUFFIXES)
        assert list(files.members) == sorted(KEPT)
        assert files.beside == counted()


def test_a_folder_of_litter_is_counted_up_to_a_limit(folder, monkeypatch):
    for number in range(20):
        (folder / "cat" / "@eaDir" / str(number)).mkdir()
        (folder / "cat" / "@eaDir" / str(number) / "x.jpg").touch()
    monkeypatch.setattr(trees, "MAX_COUNTED", 5)
    assert 5 <= open_files(folder, "here", SUFFIXES).beside["in @eaDir"] <= 7


def test_what_is_a_folder_of_litter_may_be_the_name_of_a_file():
    assert litter_kind("@eaDir", is_folder=False) is None
    assert litter_kind("Thumbs.db", is_folder=True) is None
    assert litter_kind("..", is_folder=True) is None
    assert litter_kind("Icon\r", is_folder=False) == "Icon\\r"
