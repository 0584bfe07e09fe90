"""What tests of the dataset share: a folder to be in, small encoded images, and S3."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from pipeline.dataset.images import encode_png


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
