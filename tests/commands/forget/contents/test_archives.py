"""Examples are found in archives, in archives within these, and what cannot be opened is said."""

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.commands.forget.contents import archives
from pipeline.commands.forget.contents.archives import NotOpened
from pipeline.commands.forget.contents.traces import Forgotten
from pipeline.modalities.images.prepare.traces import trace
from tests.support.forgetting import jpeg

IMAGE, OTHER = jpeg(1), jpeg(2)
ID = "ada/sécrète.jpg"


def zipped(content: bytes, name: str = "a.jpg") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return buffer.getvalue()


def tarred(content: bytes, name: str = "a.jpg") -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        info = tarfile.TarInfo(name)
        info.size = len(content)
        archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def zstd(content: bytes) -> bytes:
    buffer = pa.BufferOutputStream()
    with pa.CompressedOutputStream(buffer, "zstd") as stream:
        stream.write(content)
    return buffer.getvalue().to_pybytes()


def as_table(content: bytes) -> bytes:
    """As datasets of others have images: nested, compressed, without a digest."""
    buffer = io.BytesIO()
    rows = [{"bytes": OTHER, "path": "other.jpg"}, {"bytes": content, "path": "x.jpg"}]
    text = "".join(map(chr, np.random.default_rng(0).integers(97, 123, 500)))
    columns = {"image": rows, "note": [text, text]}
    pq.write_table(pa.table(columns), buffer, compression="zstd")
    return buffer.getvalue()


PACKINGS: dict[str, Callable[[bytes], bytes]] = {
    "zip": zipped,
    "tar": tarred,
    "tar.gz": lambda content: gzip.compress(tarred(content)),
    "tar.bz2": lambda content: bz2.compress(tarred(content)),
    "tar.xz": lambda content: lzma.compress(tarred(content)),
    "tar.zst": lambda content: zstd(tarred(content)),
    "gz": gzip.compress,
    "zip in zip": lambda content: zipped(zipped(content)),
    "gz in tar": lambda content: tarred(gzip.compress(content)),
    "table": as_table,
    "table in zip": lambda content: zipped(as_table(content)),
}


def examples() -> Forgotten:
    return Forgotten(ids={ID}, traces={trace({"image": IMAGE})})


@pytest.mark.parametrize("packing", PACKINGS)
def test_images_are_found_in_every_packing(packing):
    pack = PACKINGS[packing]
    assert examples().in_file(io.BytesIO(pack(IMAGE)), ())
    assert not examples().in_file(io.BytesIO(pack(OTHER)), ())


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_names_are_found_in_archives(pack):
    assert examples().in_file(io.BytesIO(pack(b"x", f"people/{ID}")), {ID})
    assert not examples().in_file(io.BytesIO(pack(b"x", "people/other.jpg")), {ID})
    assert examples().in_file(io.BytesIO(pack(f"id,label\n{ID},cat\n".encode())), {ID})


def test_text_of_a_table_that_has_no_ids():
    buffer = io.BytesIO()
    pq.write_table(pa.table({"file": [f"people/{ID}", "b"]}), buffer, compression="zstd")
    assert examples().in_file(buffer, {ID})
    assert not examples().in_file(buffer, ())


def encrypted() -> bytes:
    content = bytearray(zipped(IMAGE))
    content[6] |= 1  # the flag, in the member and in the directory
    content[content.index(b"PK\x01\x02") + 8] |= 1
    return bytes(content)


def bomb() -> bytes:
    return gzip.compress(bytes(archives.GROWTH_FREE_BYTES + (64 << 20)))


def deep() -> bytes:
    content = OTHER
    for _ in range(archives.MAX_DEPTH + 1):
        content = zipped(content)
    return content


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"7z\xbc\xaf\x27\x1c" + bytes(40), "a 7z archive, which cannot be opened here"),
        (b"Rar!\x1a\x07\x01\x00" + bytes(40), "a RAR archive, which cannot be opened here"),
        (encrypted(), "an encrypted zip archive"),
        (zipped(OTHER)[:-30], "a damaged zip file"),
        (gzip.compress(OTHER)[:-30], "a damaged gzip file"),
        (bomb(), "it grows to far more than its size"),
        (deep(), "archives in archives, more than 4 deep"),
        (as_table(OTHER)[:-30], "a damaged Parquet file"),
    ],
    ids=["7z", "RAR", "encrypted", "cut zip", "cut gzip", "bomb", "deep", "cut table"],
)
def test_what_cannot_be_opened_is_said(content, reason):
    with pytest.raises(NotOpened, match=reason):
        examples().in_file(io.BytesIO(content), {ID})
