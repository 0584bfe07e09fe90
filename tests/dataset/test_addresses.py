"""Addresses show no secrets; those that are none are refused."""

import json
from pathlib import Path

import pytest

from pipeline.dataset.addresses import (
    below,
    file_name,
    local_path,
    refuse_secrets,
    without_secrets,
)
from pipeline.entry import read_entry
from pipeline.runtime.errors import SettingsError, SourceError
from pipeline.sources.places.fetch import cache_dir, fetch_file
from pipeline.sources.places.fetch import fetch_source as fetch
from tests.support.downloads import quick, refusal, web
from tests.support.entries import Entry, open_source

__all__ = ["quick", "web"]  # fixtures


def test_secrets_are_not_shown(web):
    url = web.url("/data.tar").replace("://", "://ana:hunter2@") + "?token=hunter2"
    shown = web.url("/data.tar")
    assert without_secrets(url) == shown
    assert without_secrets("/data/pets") == "/data/pets"
    assert without_secrets(f"zip://a.png::{url}") == f"zip://a.png::{shown}"
    web.faults = ["404"]
    assert "hunter2" not in refusal(url)
    web.faults = ["truncate"] * 6
    assert "hunter2" not in refusal(url)
    refused = url.replace(str(web.port), "9")
    assert refusal(refused).startswith(
        "ERROR http://127.0.0.1:9/data.tar cannot be fetched: NewConnectionError: "
    )
    assert "hunter2" not in refusal(refused)
    path = fetch(url)
    for file in cache_dir().rglob("*"):
        assert "hunter2" not in str(file)
        assert not file.is_file() or b"hunter2" not in file.read_bytes()
    assert path.name == "data.tar"


def test_an_address_that_is_none():
    assert refusal("http://ana:hunter2@[bad/x.tar") == (
        "ERROR http://[bad/x.tar is no valid URL: Invalid IPv6 URL | fix: check uri"
    )
    with pytest.raises(SourceError, match="is no valid URL"):
        open_source(Entry(uri="http://[bad/x.tar", license="x"))
    with pytest.raises(SourceError, match="is no valid URL"):
        fetch_file("http://[bad/x.png")
    assert refusal("http://ana:hunter2@host:abc/x.tar").startswith("ERROR http://host:abc/x.tar ")
    assert refusal("foo://ana:hunter2@host/x.tar").startswith("ERROR foo://host/x.tar cannot be ")


@pytest.mark.parametrize(
    "uri",
    [
        "http://ana:hunter2@a.org/x.zip",
        "s3://ana:hunter2@bucket/x",
        "zip://x::http://ana:hunter2@a.org/x.zip",
        "https://a.org/x.zip?dl=1&token=hunter2",
        "https://a.org/x.zip?X-Amz-Security-Token=hunter2",
        "https://a.org/x.zip?X-Amz-Signature=hunter2",
        "https://a.org/x.zip?sv=1&sig=hunter2",
        "https://a.org/x.zip?api_key=hunter2",
    ],
)
def test_an_entry_holds_no_secret(uri, here):
    Path("data/catalog").mkdir(parents=True)
    for key in ("uri", "annotations"):
        entry = {"uri": "data/pets", "license": "CC0-1.0", key: uri}
        Path("data/catalog/pets.yaml").write_text(json.dumps(entry))
        with pytest.raises(SettingsError) as caught:
            read_entry("pets", "images", "classes")
        assert "has a password or a token" in str(caught.value)
        assert "hunter2" not in str(caught.value)
    for harmless in ("https://a.org/x.zip?dl=1&key=7", "https://ana@a.org/x:y.zip", "C:\\a@b:c"):
        refuse_secrets(harmless)


@pytest.mark.parametrize(
    ("folder", "name", "address"),
    [
        ("s3://photos/v1", "a #1.gz", "s3://photos/v1/a #1.gz"),
        ("s3://photos/v1/", "cat/1.png", "s3://photos/v1/cat/1.png"),
        ("https://a.org/mnist?key=1", "a #1.gz", "https://a.org/mnist/a%20%231.gz?key=1"),
    ],
)
def test_the_address_of_a_file_in_a_folder(folder, name, address):
    assert below(folder, name) == address


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://ana:hunter2@a.org/pets%20v1.tar.gz?token=hunter2", "pets_v1.tar.gz"),
        ("zip://a.png::https://a.org/b.zip", "a.png"),
        ("simplecache::s3://photos/b.zip", "b.zip"),
        ("https://a.org/.hidden", "hidden"),
        ("https://a.org", "a.org"),
        ("https://a.org/%2F..%2F..", "_.._.."),
        ("https://a.org/pets/..", "file"),
        (f"https://a.org/{'x' * 200}.zip", f"{'x' * 96}.zip"),
    ],
)
def test_the_file_name_that_an_address_gives(url, name):
    assert file_name(url) == name


def test_paths_and_file_urls():
    assert local_path("/data/my%20pets").as_posix() == "/data/my%20pets"
    assert local_path("file:///data/my%20pets").as_posix() == "/data/my pets"
    assert local_path("file://localhost/data").as_posix() == "/data"
