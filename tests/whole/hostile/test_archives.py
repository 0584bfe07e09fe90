"""Archives made to do harm: members are refused one by one, archives that lie as a whole."""

import bz2
import gzip
import io
import lzma
import tarfile
import time
import zipfile

import pytest

from tests.support.hostile_images import SECRET, tar_header, tar_of
from tests.support.limits import JPEG, PNG, here, problems

__all__ = ["here"]  # a fixture

LINK = "no regular file but a link or a device"
LINK_OUTSIDE = "a link that leads outside the archive"
OUTSIDE = "a name that leads outside the archive"


def test_names_and_members_of_a_tar(here):
    def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "", data: bytes = b""):
        info = tarfile.TarInfo(name)
        info.type, info.linkname, info.size = kind, link, len(data)
        archive.addfile(info, io.BytesIO(data))

    path = here / "data" / "pets.tar"
    absolute = str(here.parent / "absolute.jpg")
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as archive:
        member("cat/1.jpg", data=JPEG)
        member("cat/1.jpg", data=PNG)
        member("cat/../../../climbs.jpg", data=JPEG)
        member(absolute, data=JPEG)
        member("cat/symbolic.jpg", tarfile.SYMTYPE, "../../../canary")
        member("cat/absolute.jpg", tarfile.SYMTYPE, absolute)
        member("cat/chain.jpg", tarfile.SYMTYPE, "beside.jpg")
        member("cat/beside.jpg", tarfile.SYMTYPE, "../cat/1.jpg")
        member("cat/loop.jpg", tarfile.SYMTYPE, "loop.jpg")
        member("cat/hard.jpg", tarfile.LNKTYPE, "cat/contiguous.jpg")
        member("cat/harder.jpg", tarfile.LNKTYPE, "cat/1.jpg")
        member("cat/device.jpg", tarfile.CHRTYPE)
        member("cat/block.jpg", tarfile.BLKTYPE)
        member("cat/pipe.jpg", tarfile.FIFOTYPE)
        member("cat/contiguous.jpg", tarfile.CONTTYPE, data=JPEG)
    found = problems(path)
    assert found.pop(absolute.removeprefix("/")) == OUTSIDE
    assert found == {
        "cat/1.jpg": None,
        "cat/1.jpg#2": "another file has the same name",
        "cat/../../../climbs.jpg": OUTSIDE,
        "cat/symbolic.jpg": LINK_OUTSIDE,
        "cat/absolute.jpg": LINK_OUTSIDE,
        "cat/chain.jpg": None,
        "cat/beside.jpg": None,
        "cat/loop.jpg": "a link to no file of the archive",
        "cat/hard.jpg": "a hard link to no file before it in the archive",
        "cat/harder.jpg": None,
        "cat/device.jpg": LINK,
        "cat/block.jpg": LINK,
        "cat/pipe.jpg": LINK,
        "cat/contiguous.jpg": None,
    }


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_names_and_members_of_a_zip(here):
    path = here / "data" / "pets.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("cat/1.jpg", JPEG)
        archive.writestr("cat/1.jpg", PNG)
        archive.writestr("cat/../../../climbs.jpg", JPEG)
        archive.writestr("/absolute/1.jpg", JPEG)
        archive.writestr("cat\\..\\..\\windows.jpg", JPEG)
        archive.writestr("cat/inner.zip", b"PK\x03\x04" + SECRET)  # is counted beside examples
        for name, mode in (("link", 0o120777), ("device", 0o020666), ("pipe", 0o010666)):
            info = zipfile.ZipInfo(f"cat/{name}.jpg")
            info.external_attr = mode << 16
            archive.writestr(info, "../../../canary")
    content = bytearray(path.read_bytes())
    content[content.rindex(b"PK\x01\x02") + 8] |= 1  # the flag of encryption, of the last member
    path.write_bytes(content)
    assert problems(path) == {
        "cat/1.jpg": None,
        "cat/1.jpg#2": "another file has the same name",
        "cat/../../../climbs.jpg": OUTSIDE,
        "absolute/1.jpg": OUTSIDE,
        "cat/link.jpg": LINK_OUTSIDE,
        "cat/device.jpg": LINK,
        "cat/pipe.jpg": "encrypted",
    }


def test_a_sparse_member(here):
    path = here / "data" / "pets.tar"
    sparse = bytearray(tar_header("cat/sparse.jpg", 512, b"S"))
    sparse[386:410] = b"%011o\0%011o\0" % (0, 512)
    sparse[483:495] = b"%011o\0" % (1 << 32)
    sparse[148:156] = b" " * 8
    sparse[148:156] = b"%06o\0 " % sum(sparse)
    path.write_bytes(
        tar_of((tar_header("cat/1.jpg", len(JPEG)), JPEG), (bytes(sparse), b"x" * 512))
    )
    assert problems(path) == {
        "cat/1.jpg": None,
        "cat/sparse.jpg": "a sparse file, which is not read",
    }


FIRST = (tar_header("cat/1.jpg", len(JPEG)), JPEG)


@pytest.mark.parametrize(
    "content",
    [
        tar_of(FIRST, (tar_header("cat/2.jpg", 1 << 40), JPEG)),
        tar_of(FIRST, (tar_header("cat/2.jpg", -1024), JPEG)),
        tar_of(FIRST, (tar_header("cat/2.jpg", -(1 << 40)), JPEG)),
        tar_of(FIRST, (tar_header("name", -1024, b"x"), b"")),
        tar_of(FIRST, (tar_header("name", -512, b"L"), b"")),
        tar_of(FIRST, (tar_header("name", 1 << 33, b"x"), b"1" * 2048)),
        tar_of(FIRST, (tar_header("name", 1 << 20, b"L"), b"1" * (1 << 20))),
        tar_of(FIRST)[:700],
        tar_of(FIRST, (b"no header".ljust(512, b"."), b""), FIRST),
        tar_of(*[(tar_header("name", 512, b"x"), b"9" * 512)] * 3000),
    ],
    ids=[
        *("larger than the file", "negative", "very negative", "negative names", "endless names"),
        *("names of gigabytes", "a name of a megabyte", "cut", "no header", "names of names"),
    ],
)
def test_a_tar_whose_sizes_lie(here, content):
    path = here / "data" / "pets.tar"
    path.write_bytes(content)
    start = time.process_time()
    found = problems(path)
    assert time.process_time() - start < 5
    assert isinstance(found, str)
    assert found.startswith(f"ERROR archive {path} is damaged: ")
    assert found.endswith(" | fix: fetch it again")


@pytest.mark.parametrize("suffix", ["gz", "bz2", "xz"])
def test_a_compressed_tar_that_breaks_off(here, suffix):
    path = here / "data" / f"pets.tar.{suffix}"
    whole = {"gz": gzip, "bz2": bz2, "xz": lzma}[suffix].compress(tar_of(*[FIRST] * 20))
    path.write_bytes(whole[: len(whole) // 2])
    found = problems(path)
    assert found.startswith(f"ERROR archive {path} cannot be decompressed: ")


def test_a_zip_whose_sizes_lie(here):
    path = here / "data" / "pets.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("cat/1.jpg", JPEG)
        archive.writestr("cat/short.jpg", bytes(1 << 20))
        archive.writestr("cat/large.jpg", bytes(1 << 20))
    content = bytearray(path.read_bytes())
    for name, size in ((b"cat/short.jpg", 10), (b"cat/large.jpg", 1 << 27)):
        at = content.rindex(name) - 46 + 24
        content[at : at + 4] = size.to_bytes(4, "little")
    path.write_bytes(content)
    assert problems(path) == {
        "cat/1.jpg": None,
        "cat/short.jpg": "damaged in the archive: Bad CRC-32 for file 'cat/short.jpg'",
        "cat/large.jpg": "134217728 bytes, more than 8000000 allowed",
    }


def test_many_files_of_one_name(here):
    path = here / "data" / "pets.tar"
    path.write_bytes(tar_of(*[(tar_header("cat/1.jpg", 0), b"")] * 20_000))
    start = time.process_time()
    found = problems(path)
    assert time.process_time() - start < 10
    assert len(found) == 20_000
    assert list(found.values()).count("another file has the same name") == 19_999
