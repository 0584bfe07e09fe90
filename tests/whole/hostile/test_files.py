"""Files and folders made to do harm: odd names, links, pipes, and what is no image."""

import io
import os
import pickle
import socket
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from pipeline.modalities.images.content.decoding import decode
from pipeline.sources.places.problems import LINK_OUTSIDE, LINK_TO_FOLDER
from tests.support.hostile_images import SECRET, encode, jpeg_segment, noise, png_chunk
from tests.support.limits import JPEG, NARROW, PNG, here, ingest, problems, put

__all__ = ["here"]  # a fixture

CONTROL = "a name with control characters"
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
        "cat/zeros.jpg": LINK_OUTSIDE,
        "cat/outside.jpg": LINK_OUTSIDE,
        "cat/loop.jpg": "a link that leads nowhere",
        "cat/up.jpg": LINK_TO_FOLDER,
        "cat/again": LINK_TO_FOLDER,
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
    (here / "data/dog").mkdir()  # else `cat` would be the folder of all labels
    (here / "data/dog/1.jpg").write_bytes(JPEG)
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
    deep = f"cat/{'d/' * 1200}1.jpg"
    assert found == {"cat/plain.jpg": None, deep: None, "dog/1.jpg": None}


NO_IMAGE = "no image in any of JPEG, PNG, WEBP, GIF, BMP, TIFF, PPM"


class Exploit:
    def __reduce__(self):
        return os.system, ("touch ../exploited",)


def test_what_is_called_an_image_and_is_none(here):
    disguised = {
        "pickle": (pickle.dumps(Exploit()), ", but a Python pickle"),
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
    (data / "cat" / "svg.jpg").write_bytes(b'<svg xmlns="x"><script>alert(1)</script></svg>')
    expected["cat/svg.jpg"] = "an SVG drawing, which is not read: rsvg-convert -o a.png a.svg"
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
