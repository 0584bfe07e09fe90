"""Files of a few megabytes that would become gigabytes: none goes off within these limits."""

import bz2
import gzip
import json
import lzma
import os
import resource
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from tests.support.hostile_images import (
    jpeg_of_size,
    png_chunk,
    png_of_zeros,
    tar_header,
    zip_of_overlaps,
)
from tests.support.limits import problems
from tests.support.repository import ROOT

MEMORY_GB, CPU_SECONDS = 3, 60  # for all of them; far more than needed
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


def look_within_limits(*paths: str) -> None:
    """In a process of its own: what becomes of each path, within so much memory and work."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_GB << 30, MEMORY_GB << 30))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    for path in paths:
        found = problems(Path(path))
        print(json.dumps([found, peak_memory_mb()]))


def peak_memory_mb() -> float:
    """Of this process since it was started; `ru_maxrss` begins with that of its parent."""
    status = Path("/proc/self/status")
    if status.exists():
        return int(status.read_text().split("VmHWM:")[1].split()[0]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@pytest.fixture(scope="module")
def defused(tmp_path_factory) -> dict[str, tuple]:
    """What became of each bomb: what was said, peak memory in megabytes."""
    folder = tmp_path_factory.mktemp("bombs")
    paths = []
    for name, make in bombs().items():
        path = folder / name
        if name.endswith((".png", ".jpg")):
            path = folder / path.stem  # a class folder with the image in it
            (path / "cat").mkdir(parents=True)
        (path / "cat" / name if path.is_dir() else path).write_bytes(make())
        paths.append(path)
    code = "import sys; from tests.whole.hostile.test_bombs import look_within_limits as look; "
    code += "look(*sys.argv[1:])"
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, paths)],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert not list(folder.glob(".groundwork/unpacked/*"))
    found = [json.loads(line) for line in done.stdout.splitlines()]
    return dict(zip(bombs(), map(tuple, found), strict=True))


@pytest.mark.parametrize("name", bombs())
def test_a_bomb_does_not_go_off(defused, name):
    said, peak_mb = defused[name]
    if name.startswith(("zeros", "overlaps")):
        assert "grows to far more than its size | fix: look at what it is" in said
    elif name in ("profile.png", "texts.png"):
        assert said == {f"cat/{name}": None}  # what does not belong to the pixels is never unpacked
    else:
        size = f"{Path(name).stem} x {Path(name).stem}"
        assert said == {f"cat/{name}": f"{size} pixels, more than 4000000 allowed"}
    assert peak_mb < 600
