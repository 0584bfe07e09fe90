"""Sources on S3: a real server, an archive or a prefix."""

import hashlib
import tarfile
from pathlib import Path

from pipeline.sources.places.fetch import fetch_source as fetch
from tests.support.downloads import make_pets, quick, refusal, rows

__all__ = ["quick"]  # a fixture for every test


def test_objects_below_a_prefix_on_s3(here, s3):
    for path in make_pets(here / "pets").rglob("*.png"):
        s3.upload_file(str(path), "photos", f"v1/{path.relative_to(here / 'pets')}")
    assert rows("s3://photos/v1") == rows("pets")
    s3.put_object(Bucket="photos", Key="v1/cat/2.png", Body=b"another image")
    s3.delete_object(Bucket="photos", Key="v1/dog/1.png")
    s3.put_object(Bucket="photos", Key="v1/bird/1.png", Body=b"bird")
    found = {row["id"]: row["image"] for row in rows("s3://photos/v1")}
    assert found == {
        "bird/1.png": b"bird",
        "cat/1.png": b"image cat/1.png",
        "cat/2.png": b"another image",
    }


def test_an_archive_on_s3(here, s3):
    make_pets(here / "pets")
    with tarfile.open(here / "pets.tar", "w") as archive:
        archive.add(here / "pets", "pets")
    s3.upload_file("pets.tar", "photos", "pets.tar")
    digest = hashlib.sha256(Path("pets.tar").read_bytes()).hexdigest()
    assert rows("s3://photos/pets.tar", sha256=digest) == rows("pets")
    assert "expected " + "0" * 64 in refusal("s3://photos/pets.tar", sha256="0" * 64)


def test_digests_of_objects_below_a_prefix(here, s3):
    for name in ("a b.png", "c#1.png", "d%201.png"):
        s3.put_object(Bucket="photos", Key=f"v1/{name}", Body=name.encode())
    md5 = {"a b.png": hashlib.md5(b"a b.png").hexdigest()}
    folder = fetch("s3://photos/v1", md5=md5)
    assert {path.name: path.read_bytes() for path in folder.glob("[!.]*")} == {
        "a b.png": b"a b.png",
        "c#1.png": b"c#1.png",
        "d%201.png": b"d%201.png",
    }
    wrong = {"a b.png": "0" * 32}
    assert "expected " + "0" * 32 in refusal("s3://photos/v1", md5=wrong)
    assert refusal("s3://photos/v1", md5={"e.png": "0" * 32}) == (
        "ERROR s3://photos/v1 has no file e.png; the entry has its digest "
        "| fix: check uri and the names in the catalog entry"
    )
    assert refusal("s3://photos/v1", sha256="0" * 64) == (
        "ERROR sha256 is given, but uri s3://photos/v1 is no single file "
        "| fix: remove it from the catalog entry, or give one for each file"
    )


def test_folders_that_s3_shows_as_empty_objects(s3):
    for key in ("v1/", "v1/cat/", "v1/cat/1.png"):
        s3.put_object(Bucket="photos", Key=key, Body=b"")
    folder = fetch("s3://photos/v1")
    assert sorted(path.name for path in folder.rglob("[!.]*")) == ["1.png", "cat"]


def test_an_object_with_the_name_of_a_folder(s3):
    for key in ("v1/cat", "v1/cat/1.png"):
        s3.put_object(Bucket="photos", Key=key, Body=b"x")
    assert refusal("s3://photos/v1").startswith("ERROR s3://photos/v1/cat")


def test_an_s3_that_is_not_there(s3, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    assert refusal("s3://photos/v1").startswith("ERROR s3://photos/v1 cannot be listed: ")


def test_nothing_on_s3(s3):
    assert refusal("s3://photos/nothing") == (
        "ERROR nothing lies at s3://photos/nothing | fix: check uri"
    )
