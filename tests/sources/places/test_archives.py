"""Archives as Windows, macOS, backups and DVC make them are read, or called what they are."""

import io
import lzma
import os
import struct
import tarfile
import zipfile
from pathlib import Path

import pytest

from pipeline.runtime.errors import SourceError
from pipeline.sources.places import unpack
from pipeline.sources.places.files import Files, open_files
from tests.support.hostile_images import tar_header, tar_of

SUFFIXES = frozenset({".jpg"})


def opened(path: Path) -> Files:
    return open_files(path, "here", SUFFIXES)


def refusal(path: Path) -> SourceError:
    with pytest.raises(SourceError) as caught:
        opened(path)
    return caught.value


def contents(files: Files) -> dict[str, bytes | str]:
    return {name: member.problem or files.read(name, 1e6) for name, member in files.members.items()}


def write_zip(path: Path, names: dict[str, bytes], system: int = 3, flags: int = 0) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in names.items():
            info = zipfile.ZipInfo("x")
            info.filename, info.create_system = name, system
            archive.writestr(info, data)
    return path


def with_method(path: Path, method: int, number: int | None = None) -> Path:
    """Change the method of compression that a zip's members, or one of them, claim."""
    data = bytearray(path.read_bytes())
    for start, offset in ((b"PK\3\4", 8), (b"PK\1\2", 10)):
        at = -1
        for i in range(data.count(start)):
            at = data.index(start, at + 1)
            if number in (None, i):
                data[at + offset : at + offset + 2] = struct.pack("<H", method)
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("system", [0, 3, 10])
def test_names_with_backslashes_are_paths(here, system):
    path = write_zip(here / "a.zip", {"pets\\": b"", "pets\\cat\\1.jpg": b"one"}, system)
    assert contents(opened(path)).pop("pets/cat/1.jpg") == b"one"


def test_a_backslash_in_a_name_of_unix_stays(here):
    path = write_zip(here / "a.zip", {"pets/a\\b.jpg": b"one"})
    assert contents(opened(path)) == {"pets/a\\b.jpg": b"one"}


def test_names_with_backslashes_lead_outside_no_more_than_others(here):
    path = write_zip(here / "a.zip", {"cat\\..\\..\\1.jpg": b"one", "cat\\2.jpg": b""}, system=0)
    assert opened(path).members["cat/../../1.jpg"].problem.startswith("a name that leads outside")


def test_names_in_a_folder_that_was_unpacked_with_backslashes(here):
    (here / "data").mkdir()
    (here / "data" / "pets\\cat\\1.jpg").write_bytes(b"one")
    assert contents(opened(here / "data")) == {"pets/cat/1.jpg": b"one"}


def test_names_in_utf_8_that_macos_does_not_call_so(here):
    path = write_zip(here / "a.zip", {"Äpfel/ß.jpg": b"one"})
    data = bytearray(path.read_bytes())
    for start, offset in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        at = data.index(start) + offset
        data[at : at + 2] = b"\0\0"
    path.write_bytes(data)
    assert list(opened(path).members) == ["Äpfel/ß.jpg"]


@pytest.mark.parametrize(
    ("method", "name"),
    [(9, "Deflate64 (Windows Explorer, above 2 GB)"), (93, "Zstandard"), (77, "method 77 of zip")],
)
def test_methods_of_a_zip_that_are_not_read_are_named(here, method, name):
    path = with_method(write_zip(here / "a.zip", {f"cat/{i}.jpg": b"x" for i in "12"}), method)
    error = refusal(path)
    assert error.what == (
        f"2 of 2 files of here cannot be read: each is compressed by {name}, which is not read"
    )
    assert error.fix.startswith("pack it again as Deflate")


def test_one_file_by_a_method_that_is_not_read_costs_the_others_nothing(here):
    path = write_zip(here / "a.zip", {f"cat/{i}.jpg": b"x" for i in "12"})
    files = opened(with_method(path, 9, number=1))
    assert [bool(member.problem) for member in files.members.values()] == [False, True]


def test_an_encrypted_zip(here):
    path = write_zip(here / "a.zip", {"cat/1.jpg": b"x"})
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\1\2") + 8] |= 1
    path.write_bytes(data)
    error = refusal(path)
    assert "each is encrypted" in error.what
    assert "password" in error.fix


def test_hard_links_of_a_tar_are_the_files_that_they_name(here):
    source = here / "source" / "cat"
    source.mkdir(parents=True)
    (source / "1.jpg").write_bytes(b"one")
    os.link(source / "1.jpg", source / "2.jpg")
    with tarfile.open(here / "a.tar", "w") as archive:
        archive.add(here / "source", ".")
    assert contents(opened(here / "a.tar")) == {"cat/1.jpg": b"one", "cat/2.jpg": b"one"}


def test_symbolic_links_of_archives_are_the_files_that_they_name(here):
    with tarfile.open(here / "a.tar", "w") as archive:
        for name, target in (("cat/2.jpg", "../pool/x"), ("cat/3.jpg", "/etc/passwd")):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = tarfile.SYMTYPE, target
            archive.addfile(info)
        info = tarfile.TarInfo("pool/x")
        info.size = 3
        archive.addfile(info, io.BytesIO(b"one"))
    with zipfile.ZipFile(here / "a.zip", "w") as packed:
        for name, target in (("cat/2.jpg", "../pool/x"), ("cat/3.jpg", "/etc/passwd")):
            entry = zipfile.ZipInfo(name)
            entry.external_attr = 0o120777 << 16
            packed.writestr(entry, target)
        packed.writestr("pool/x", b"one")
    for path in (here / "a.tar", here / "a.zip"):
        assert contents(opened(path)) == {
            "cat/2.jpg": b"one",
            "cat/3.jpg": "a link that leads outside the archive",
            "pool/x": b"one",
        }


def test_links_that_make_gigabytes_of_an_archive_are_refused(here, monkeypatch):
    large = (tar_header("cat/0.jpg", 1000), b"x" * 1000)
    links = [(tar_header(f"cat/{i}.jpg", 0, b"1", "cat/0.jpg"), b"") for i in range(1, 5)]
    (here / "a.tar").write_bytes(tar_of(large, *links))
    monkeypatch.setattr(unpack, "MAX_GROWTH", 0)
    monkeypatch.setattr(unpack, "GROWTH_FREE_BYTES", 4000)
    assert len(opened(here / "a.tar").members) == 5
    monkeypatch.setattr(unpack, "GROWTH_FREE_BYTES", 3999)
    assert "grows to far more than its size" in refusal(here / "a.tar").what


@pytest.mark.parametrize(
    ("name", "start", "kind"),
    [
        ("a.7z", b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
        ("a.7z.001", b"7z\xbc\xaf\x27\x1c", "a 7z archive, in parts"),
        ("a.rar", b"Rar!\x1a\x07\x01\0", "a RAR archive"),
        ("a.part1.rar", b"Rar!\x1a\x07\x01\0", "a RAR archive, in parts"),
        ("a.tar.lz4", b"\x04\x22\x4d\x18", "compressed by LZ4"),
        ("a.tar.Z", b"\x1f\x9d\x90", "compressed by compress (.Z)"),
        ("a.tar.lzma", lzma.compress(b"x" * 600, lzma.FORMAT_ALONE)[:13], "by LZMA alone"),
        ("a.z01", b"PK\x07\x08PK\x03\x04", "the first part of a zip archive in parts"),
    ],
)
def test_archives_that_are_not_read_are_called_what_they_are(here, name, start, kind):
    (here / name).write_bytes(start + bytes(600))
    error = refusal(here / name)
    assert f"{kind}, " in error.what
    assert "which is not read" in error.what
    assert error.fix.startswith("unpack it, and point uri at the folder")


def test_parts_of_a_zip_are_called_parts(here):
    path = write_zip(here / "a.zip", {"cat/1.jpg": b"x" * 5000})
    (here / "a.zip.001").write_bytes(path.read_bytes()[:60])
    assert "is one part of an archive in parts" in refusal(here / "a.zip.001").what
    (here / "a.zip").write_bytes(path.read_bytes()[:60])
    assert "archive here is damaged" in refusal(here / "a.zip").what


def test_a_compressed_tar_of_the_oldest_form(here):
    header = bytearray(tar_header("cat/1.jpg", 3))
    header[257:265] = bytes(8)
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    (here / "a.tar.xz").write_bytes(lzma.compress(tar_of((bytes(header), b"one"))))
    assert contents(opened(here / "a.tar.xz")) == {"cat/1.jpg": b"one"}
