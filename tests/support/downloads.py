"""What tests of fetching share: a server with one file, an empty cache, and short waits."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from pipeline.runtime.errors import SourceError
from pipeline.sources.places import transfers
from pipeline.sources.places.fetch import cache_dir
from pipeline.sources.places.fetch import fetch_source as fetch
from tests.support.entries import Entry, open_source
from tests.support.servers import Web, serve

CONTENT = np.random.default_rng(0).bytes(3_000_000)
SHA256 = hashlib.sha256(CONTENT).hexdigest()
MD5 = hashlib.md5(CONTENT).hexdigest()


@pytest.fixture(autouse=True)
def quick(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROUNDWORK_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(transfers, "FIRST_WAIT_SECONDS", 0.01)
    monkeypatch.setattr(transfers, "STALL_SECONDS", 0.3)


@pytest.fixture
def web() -> Iterator[Web]:
    with serve(Web(files={"/data.tar": CONTENT})) as web:
        yield web


def refusal(*arguments, **more) -> str:
    with pytest.raises(SourceError) as caught:
        fetch(*arguments, **more)
    return str(caught.value)


def cached() -> list[str]:
    """Names of files in the cache that are not ours to keep count."""
    return sorted(
        path.name for path in cache_dir().rglob("*") if path.is_file() and path.name[0] != "."
    )


def make_pets(folder: Path) -> Path:
    for name in ("cat/1.png", "cat/2.png", "dog/1.png"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(f"image {name}".encode())
    return folder


def rows(uri: str, **more) -> list[dict]:
    source = open_source(Entry(uri=uri, license="x", **more))
    return [row for read in source.batches for row in read().to_pylist()]
