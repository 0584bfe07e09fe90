"""What tests of the pipeline as a whole share, and which tests share a process."""

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from pipeline.modalities.images.content.decoding import encode_png
from tests.support.repository import QUICK, ROOT, Repository, make_clone

# The tests that read the clones `newcomer` and `built`, each half a minute's work.
READ_THE_CLONES = {
    "tests/commands/test_data_docs.py",
    "tests/whole/test_find.py",
    "tests/whole/test_pipeline.py",
    "tests/whole/test_readme.py",
}

if "PYTEST_XDIST_WORKER" in os.environ:
    # The other cores are busy with other tests. Threads that wait for each other in a loop would
    # take the core from those that they wait for: a step of training with two threads on one core
    # took 2 s instead of 0.05 s. Their number, and so every byte, stays.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    os.environ.setdefault("GROUNDWORK_WORKERS", "1")

ELSEWHERE = {
    "PYTHONHASHSEED": "77",
    "TZ": "Pacific/Auckland",
    "LC_ALL": "C",
    "GROUNDWORK_WORKERS": "3",
    "OMP_NUM_THREADS": "1",
}


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """Tests of a file stay in one process, as do those that read the same clones."""
    from xdist.scheduler import LoadFileScheduling

    class ByFixtures(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = super()._split_scope(nodeid)
            if file.startswith("tests/commands/forget/"):  # which copy one repository
                return "forget"
            return "the clones" if file in READ_THE_CLONES else file

    config.option.loadscopereorder = False  # else files with many small tests come first
    return ByFixtures(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Beside other processes, begin with what takes long: the clones, then other whole runs."""

    def late(item: pytest.Item) -> tuple[bool, int]:
        file = item.nodeid.split("::")[0]
        return file not in READ_THE_CLONES, file.count("/")

    if hasattr(config, "workerinput"):  # in a process of pytest-xdist
        items.sort(key=late)


@pytest.fixture
def clone(tmp_path: Path) -> Repository:
    """A fresh clone."""
    return make_clone(tmp_path / "clone")


@pytest.fixture
def quick_clone(clone: Repository) -> Repository:
    """A fresh clone whose params make every stage quick."""
    clone.set_params(QUICK)
    clone.commit("quick params")
    return clone


@dataclass(frozen=True)
class FirstRun:
    """A clone after the first command of README.md, and what that printed."""

    repository: Repository
    printed: str


@pytest.fixture(scope="session")
def newcomer(tmp_path_factory: pytest.TempPathFactory) -> FirstRun:
    """Only to be read: tests that go on from here copy it."""
    clone = make_clone(tmp_path_factory.mktemp("newcomer") / "clone")
    (clone.path / ".venv").symlink_to(sys.prefix)
    installed = Path(sys.prefix) / "requirements.installed"
    locked = (ROOT / "requirements.txt").read_text()
    as_locked = installed.exists() and installed.read_text() == locked
    # Another environment is taken as it is, since `make env` would make it anew.
    return FirstRun(clone, clone.run("make run" if as_locked else "make --assume-old=env run"))


@pytest.fixture(scope="session")
def built(newcomer: FirstRun, tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """A clone with all that the pipeline makes, committed; tests leave it as they found it."""
    repository = Repository(tmp_path_factory.mktemp("built") / "clone")
    shutil.copytree(newcomer.repository.path, repository.path, symlinks=True)
    repository.commit("results")
    return repository


@pytest.fixture(scope="session")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """A clone after `dvc repro` from nothing, which nothing surrounds that surrounds `newcomer`."""
    repository = make_clone(tmp_path_factory.mktemp("elsewhere") / "an other" / "place")
    repository.run("dvc repro --force", env=ELSEWHERE)
    return repository


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that is the current one, as the root of a repository would be."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def png() -> Callable[..., bytes]:
    """Makes a PNG of noise, another for each number."""

    def make(number: int, height: int = 4, width: int = 4, channels: int = 1) -> bytes:
        random = np.random.default_rng(number)
        return encode_png(random.integers(0, 256, (height, width, channels), dtype=np.uint8))

    return make


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    """The address of a real S3 server."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def s3(s3_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> object:
    """A client of a real S3 server that has an empty bucket `photos`."""
    import boto3
    import requests
    import s3fs

    s3fs.S3FileSystem.clear_instance_cache()
    requests.post(f"{s3_endpoint}/moto-api/reset", timeout=10)
    for name, value in {
        "AWS_ENDPOINT_URL": s3_endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    client = boto3.client("s3")
    client.create_bucket(Bucket="photos")
    return client


@pytest.fixture
def toy() -> object:
    from tests.support.toy import Toy

    return Toy()


@pytest.fixture
def toy_on_gpu() -> object:
    from tests.support.toy import Device, Toy

    return Toy(Device("cuda", bf16=True))
