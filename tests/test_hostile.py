"""Data made to do harm: each is refused or set aside with one line, and nothing else happens.

Everything goes the way of ingest: `open_source`, then `make_rows`. A canary lies beside the data.
"""

import bz2
import gzip
import io
import json
import lzma
import os
import pickle
import resource
import socket
import subprocess
import sys
import tarfile
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from dataset.hostile import (
    SECRET,
    encode,
    jpeg_of_size,
    jpeg_segment,
    noise,
    png_chunk,
    png_of_zeros,
    tar_header,
    tar_of,
    zip_of_overlaps,
)

from pipeline.dataset.catalog import Entry, SplitFractions, read_entry
from pipeline.dataset.examples import Task, make_rows
from pipeline.dataset.images import decode
from pipeline.dataset.sources import open_source
from pipeline.runtime.errors import GroundworkError, SettingsError
from pipeline.runtime.params import load_params
from repository import ROOT

JPEG = encode(noise(16, 16, 3), "JPEG")
PNG = encode(noise(16, 16, 3), "PNG")
MAX_BYTES = 8e6
MAX_PIXELS = 4e6
LINK = "no regular file but a link or a device"
OUTSIDE = "a name that leads outside the archive"
CONTROL = "a name with control characters"


def ingest(uri: Path, **more) -> list[dict]:
    """Rows of the example table."""
    source = open_source(Entry(uri=str(uri), license="CC0-1.0", **more), MAX_BYTES)
    rows: list[dict] = []
    for batch in source.batches:
        task = Task(
            read=batch,
            classes=source.classes,
            splits_given=source.splits,
            fractions=SplitFractions(),
            seed=0,
            max_pixels=MAX_PIXELS,
            source="here",
            license="CC0-1.0",
            purposes=None,
            purpose="training",
            opted_out=frozenset(),
            pseudonym_key=None,
        )
        rows += make_rows(task).table.to_pylist()
    return rows


def problems(uri: Path) -> dict[str, str | None] | str:
    """Why each example cannot be used, None where it can; or why none can."""
    try:
        found = {row["id"]: row["problem"] for row in ingest(uri)}
    except GroundworkError as error:
        found = str(error)
    lines = [found] if isinstance(found, str) else [*found, *filter(None, found.values())]
    assert all(line.replace(NARROW, "").isprintable() for line in lines)
    return found


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The repository's folder, where the data is in `data`; around it, nothing may change."""
    (tmp_path / "canary").write_bytes(SECRET)
    (tmp_path / "here" / "data").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "here")
    yield tmp_path / "here"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["canary", "here"]
    assert (tmp_path / "canary").read_bytes() == SECRET
    left = {path.name for path in (tmp_path / "here").iterdir()}
    assert left <= {"data", ".groundwork", "params.yaml"}
    unpacked = list((tmp_path / "here").glob(".groundwork/unpacked/*"))
    assert all(path.suffix == ".tar" for path in unpacked)  # nothing half written


def put(folder: Path, **files: bytes) -> Path:
    """Files of the class cat, by name without suffix."""
    (folder / "cat").mkdir(exist_ok=True)
    for name, data in files.items():
        (folder / "cat" / f"{name}.jpg").write_bytes(data)
    return folder


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
        member("cat/hard.jpg", tarfile.LNKTYPE, "cat/1.jpg")
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
        "cat/symbolic.jpg": LINK,
        "cat/hard.jpg": LINK,
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
        archive.writestr("cat/inner.zip", b"PK\x03\x04" + SECRET)
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
        "cat/inner.zip": "no image in any of JPEG, PNG, WEBP, GIF, BMP, TIFF, but an archive",
        "cat/link.jpg": LINK,
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
    assert problems(path) == {"cat/1.jpg": None, "cat/sparse.jpg": "a sparse file"}


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
    start = time.perf_counter()
    found = problems(path)
    assert time.perf_counter() - start < 5
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
    start = time.perf_counter()
    found = problems(path)
    assert time.perf_counter() - start < 10
    assert len(found) == 20_000
    assert list(found.values()).count("another file has the same name") == 19_999


NARROW = "\N{NARROW NO-BREAK SPACE}"
NFC, NFD = "caf\N{LATIN SMALL LETTER E WITH ACUTE}", "cafe\N{COMBINING ACUTE ACCENT}"
ODD_NAMES = {
    "line\nbreak.jpg": CONTROL,
    "bell\a.jpg": CONTROL,
    "\x1b[2J.jpg": CONTROL,
    "\N{RIGHT-TO-LEFT OVERRIDE}gpj.exe.jpg": CONTROL,
    "\N{ZERO WIDTH SPACE}.jpg": CONTROL,
    'quote".jpg': None,
    "comma,.jpg": None,
    "back\\slash.jpg": None,
    "-rf.jpg": None,
    "=cmd|'calc'!A0.jpg": None,
    f"3.00{NARROW}PM.jpg": None,  # a screenshot of macOS
    f"{NFC}.jpg": None,
    "a" * 251 + ".jpg": None,
}


def test_odd_names_in_a_folder(here):
    data = put(here / "data")
    for name in (*ODD_NAMES, f"{NFD}.jpg"):
        (data / "cat" / name).write_bytes(JPEG)
    with open(os.fsencode(data / "cat") + b"/\xff\xfe.jpg", "wb") as file:  # noqa: PTH123
        file.write(JPEG)

    def printed(name: str) -> str:
        return "".join(c if c.isprintable() or c == NARROW else repr(c)[1:-1] for c in name)

    assert problems(data) == {
        **{f"cat/{printed(name)}": problem for name, problem in ODD_NAMES.items()},
        f"cat/{NFC}.jpg#2": "another file has the same name",
        "cat/\\xff\\xfe.jpg": "a name that is not UTF-8",
    }


def test_what_is_no_regular_file_in_a_folder(here):
    data = put(here / "data", plain=JPEG)
    os.mkfifo(data / "cat" / "pipe.jpg")
    (data / "cat" / "zeros.jpg").symlink_to("/dev/zero")
    (data / "cat" / "loop.jpg").symlink_to("loop.jpg")
    (data / "cat" / "outside.jpg").symlink_to(here.parent / "canary")
    (data / "cat" / "inside.jpg").symlink_to("plain.jpg")
    (data / "cat" / "up.jpg").symlink_to("..", target_is_directory=True)
    (data / "cat" / "again").symlink_to(data, target_is_directory=True)
    with socket.socket(socket.AF_UNIX) as listening:
        os.chdir(data / "cat")  # a socket's path may have 107 bytes
        listening.bind("socket.jpg")
        os.chdir(here)
        found = problems(data)
    assert found == {
        "cat/plain.jpg": None,
        "cat/inside.jpg": None,
        "cat/pipe.jpg": "no regular file",
        "cat/socket.jpg": "no regular file",
        "cat/zeros.jpg": "a link that leads outside the folder",
        "cat/outside.jpg": "a link that leads outside the folder",
        "cat/loop.jpg": "a link that leads nowhere",
        "cat/up.jpg": "no regular file",
        "cat/again": "no regular file",
    }


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(here):
    data = put(here / "data", plain=JPEG, closed=JPEG)
    (data / "cat" / "closed.jpg").chmod(0)
    assert problems(data)["cat/closed.jpg"] == "cannot be read: Permission denied"


def test_a_uri_that_is_no_regular_file(here):
    os.mkfifo(here / "data" / "pipe")
    for path in (here / "data" / "pipe", Path("/dev/zero")):
        assert problems(path) == (
            f"ERROR uri {path} is neither a folder nor a regular file "
            "| fix: correct it in the catalog entry"
        )
    assert problems(Path("x" * 5000)).endswith(
        "does not exist | fix: correct it in the catalog entry"
    )


def test_folders_deeper_than_the_stack(here):
    put(here / "data", plain=JPEG)
    os.chdir(here / "data" / "cat")
    for _ in range(1200):
        os.mkdir("d")  # noqa: PTH102
        os.chdir("d")
    Path("1.jpg").write_bytes(JPEG)
    os.chdir(here)
    try:
        found = problems(here / "data")
    finally:  # pytest would fail to
        subprocess.run(["rm", "-r", here / "data"], check=True)
    assert found == {"cat/plain.jpg": None, f"cat/{'d/' * 1200}1.jpg": None}


NO_IMAGE = "no image in any of JPEG, PNG, WEBP, GIF, BMP, TIFF"


class Exploit:
    def __reduce__(self):
        return os.system, ("touch ../exploited",)


def test_what_is_called_an_image_and_is_none(here):
    disguised = {
        "pickle": (pickle.dumps(Exploit()), ", but a Python pickle"),
        "svg": (b'<svg xmlns="x"><script>alert(1)</script></svg>', ", but an SVG drawing"),
        "html": (b"<!DOCTYPE html><script>alert(1)</script>", ", but an HTML page"),
        "elf": (Path(sys.executable).resolve().read_bytes()[:1000], ", but a program"),
        "script": (b"#!/bin/sh\ntouch ../exploited\n", ", but a program"),
        "text": (b"just some notes\n", ", but text"),
        "zip": (b"PK\x03\x04" + bytes(30), ", but an archive"),
        "zeros": (bytes(1000), ", but nothing but zeros"),
        "header": (PNG[:8], ", but a damaged PNG file"),
        "start": (JPEG[:3], ", but a damaged JPEG file"),
    }
    data = put(here / "data", empty=b"", **{name: of[0] for name, of in disguised.items()})
    expected = {f"cat/{name}.jpg": NO_IMAGE + but for name, (_, but) in disguised.items()}
    assert problems(data) == expected | {"cat/empty.jpg": "empty file"}


def test_what_is_an_image_and_something_else_is_only_an_image_afterwards(here):
    """A JPEG that unzips, runs in a browser, or holds an applet (GIFAR)."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("secret.txt", SECRET)
    script = b"<html><script>" + SECRET + b"</script>"
    gif = encode(noise(16, 16, 3), "GIF")
    polyglots = {
        "zip": JPEG + archive.getvalue(),
        "html": PNG + script,
        "gifar": gif + archive.getvalue(),
        "comment": JPEG[:2] + jpeg_segment(0xFE, b"*/=1;" + script + b"/*") + JPEG[2:],
        "chunk": PNG[:33] + png_chunk(b"tEXt", b"x\0" + script) + PNG[33:],
    }
    data = put(here / "data", **polyglots)
    assert all(SECRET in polyglot for polyglot in polyglots.values())
    rows = {row["id"]: row for row in ingest(data)}
    assert len(rows) == len(polyglots)
    for name, polyglot in polyglots.items():
        row = rows[f"cat/{name}.jpg"]
        assert row["problem"] is None
        assert SECRET not in row["image"]
        assert b"PK" not in row["image"][-100:]
        assert (decode(row["image"]) == decode(polyglot)).all()


TAR_OF_ZEROS = tar_header("cat/1.jpg", (2 << 30) - 1)
ZEROS = bytes(32 << 20)


def bombs() -> dict[str, Callable[[], bytes]]:
    """Files of a few megabytes at most that would become gigabytes."""

    def repeated(compress: Callable[[bytes], bytes]) -> bytes:
        return compress(TAR_OF_ZEROS + ZEROS) + compress(ZEROS) * 60

    profile = png_chunk(b"iCCP", b"x\0\0" + zlib.compress(ZEROS * 4))
    texts = png_chunk(b"zTXt", b"x\0\0" + zlib.compress(ZEROS * 2)) * 20
    return {
        "zeros.tar.gz": lambda: repeated(lambda data: gzip.compress(data, 6, mtime=0)),
        "zeros.tar.xz": lambda: repeated(lambda data: lzma.compress(data, preset=0)),
        "zeros.tar.bz2": lambda: repeated(lambda data: bz2.compress(data, 1)),
        "zeros.tar.zst": lambda: repeated(
            lambda data: pa.Codec("zstd").compress(data, asbytes=True)
        ),
        "overlaps.zip": lambda: zip_of_overlaps(bytes(4 << 20), 2000),
        "50000.png": lambda: png_of_zeros(50_000, 50_000),
        "13000.png": lambda: png_of_zeros(13_000, 13_000),
        "65500.jpg": lambda: jpeg_of_size(65_500, 65_500),
        "profile.png": lambda: png_of_zeros(16, 16, profile),
        "texts.png": lambda: png_of_zeros(16, 16, texts),
    }


def look_within(gigabytes: float, *paths: str) -> None:
    """In a process of its own: what becomes of each path, within so much memory."""
    limit = int(gigabytes * (1 << 30))
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    for path in paths:
        start = time.perf_counter()
        found = problems(Path(path))
        seconds = time.perf_counter() - start
        print(json.dumps([path, found, seconds, peak_memory_mb()]))


def peak_memory_mb() -> float:
    """Of this process since it was started; `ru_maxrss` begins with that of its parent."""
    status = Path("/proc/self/status")
    if status.exists():
        return int(status.read_text().split("VmHWM:")[1].split()[0]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@pytest.fixture(scope="module")
def defused(tmp_path_factory) -> dict[str, tuple]:
    """What became of each bomb: what was said, seconds, peak memory in megabytes."""
    folder = tmp_path_factory.mktemp("bombs")
    paths = []
    for name, make in bombs().items():
        path = folder / name
        if name.endswith((".png", ".jpg")):
            path = folder / path.stem  # a class folder with the image in it
            (path / "cat").mkdir(parents=True)
        (path / "cat" / name if path.is_dir() else path).write_bytes(make())
        paths.append(path)
    code = "import sys, test_hostile; test_hostile.look_within(float(sys.argv[1]), *sys.argv[2:])"
    done = subprocess.run(
        [sys.executable, "-c", code, "3", *map(str, paths)],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}", "OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert not list(folder.glob(".groundwork/unpacked/*"))
    found = [json.loads(line) for line in done.stdout.splitlines()]
    return dict(zip(bombs(), [tuple(line[1:]) for line in found], strict=True))


@pytest.mark.parametrize("name", bombs())
def test_a_bomb_does_not_go_off(defused, name):
    said, seconds, peak_mb = defused[name]
    if name.startswith(("zeros", "overlaps")):
        assert "grows to far more than its size | fix: look at what it is" in said
    elif name in ("profile.png", "texts.png"):
        assert said == {f"cat/{name}": None}  # what does not belong to the pixels is never unpacked
    else:
        size = f"{Path(name).stem} x {Path(name).stem}"
        assert said == {f"cat/{name}": f"{size} pixels, more than 4000000 allowed"}
    assert seconds < 10
    assert peak_mb < 600


LAUGHS = "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12)
)
TOO_LARGE = "is larger than 1048576 bytes | fix: settings are short; is this another file?"
YAML_BOMBS = {
    "laughs": (LAUGHS, TOO_LARGE),
    "long laughs": (f"a: &a {'x' * 100_000}\nb: [{', '.join(['*a'] * 100)}]", TOO_LARGE),
    "itself": ("a: &a [*a]", TOO_LARGE),
    "deep": ("a: " + "[" * 20_000, "is nested too deep | fix: settings are flat"),
    "deep and closed": ("a: " + "{a: " * 3000 + "}" * 3000, "is nested too deep | fix: settings"),
    "object": (
        "uri: !!python/object/apply:os.system ['touch ../exploited']",
        "is not YAML: line 1, column 6: could not determine a constructor for the tag",
    ),
    "number": ("seed: " + "9" * 100_000, "is not YAML: ValueError: Exceeds the limit"),
    "date": ("uri: 2001-99-99", "is not YAML: ValueError: month must be in 1..12"),
    "character": ('uri: "\\UFFFFFFFF"', "is not YAML: OverflowError"),
    "zero": ("uri: \0", "is not YAML: unacceptable character"),
}


@pytest.mark.parametrize("name", YAML_BOMBS)
def test_yaml_made_to_do_harm(here, name):
    text, reason = YAML_BOMBS[name]
    catalog = here / "data" / "catalog"
    catalog.mkdir()
    start = time.perf_counter()
    for path, load in (
        (here / "params.yaml", load_params),
        (catalog / "pets.yaml", lambda: read_entry("pets")),
    ):
        path.write_text(text)
        with pytest.raises(SettingsError) as caught:
            load()
        assert f"{path.relative_to(here)} {reason}" in str(caught.value)
        assert str(caught.value).isprintable()
    assert time.perf_counter() - start < 10


def test_a_number_that_python_does_not_write(here):
    (here / "params.yaml").write_text(
        (ROOT / "params.yaml").read_text().replace("seed: 0", "seed: 0x" + "f" * 10_000)
    )
    with pytest.raises(SettingsError) as caught:
        load_params()
    assert str(caught.value).endswith(
        "found a huge number | fix: set seed to such a value in params.yaml"
    )


def test_settings_that_are_a_pipe(here):
    os.mkfifo(here / "params.yaml")
    with pytest.raises(SettingsError) as caught:
        load_params()
    assert str(caught.value) == "ERROR params.yaml is no regular file | fix: write params.yaml"
