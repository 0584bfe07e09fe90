"""Rows tell an image and its terms; none can make us read what is not the manifest's."""

import os
import unicodedata
from pathlib import Path

from pipeline.sources.places.problems import LINK_OUTSIDE
from tests.support.manifests import ROWS, pets, problems, refusal, rows, source, web, write_csv

__all__ = ["pets", "web"]  # fixtures


def test_licences_and_purposes_of_rows(pets):
    terms = [("CC0-1.0", "research, training"), ("MIT", ""), ("", "research"), ("MIT", "a;b")]
    table = [
        {"path": row["file_name"], "label": "cat", "licence": license, "purposes": purposes}
        for row, (license, purposes) in zip(ROWS, terms, strict=True)
    ]
    write_csv(pets / "labels.csv", table)
    found = rows(pets)
    assert [row["license"] for row in found] == ["CC0-1.0", "MIT", None, "MIT"]
    assert [row["purposes"] for row in found] == ["research training", None, "research", "a b"]
    assert [row["problem"] for row in found] == [None, None, "no licence", None]


def test_what_a_path_may_not_be(pets, here):
    (here / "outside.jpg").write_bytes(b"secret")
    (pets / "images/link.jpg").symlink_to(here / "outside.jpg")
    (pets / "images/folder.jpg").mkdir()
    (pets / "up").symlink_to(here)
    named = [
        "images/1.jpg", "./images/../images/2.jpg", "images\\4.jpg", "../outside.jpg",
        f"{here}/outside.jpg", "images/../../o.jpg", "images/link.jpg", "images/none.jpg",
        "images/folder.jpg", "..", "C:\\o.jpg", str(here / "outside.jpg").replace("/", "\\"),
        "up/outside.jpg", "images/a\0b.jpg", "",
    ]  # fmt: skip
    outside = "a path that leads outside the folder"
    expected = [
        None, None, None, outside, outside, outside, LINK_OUTSIDE,
        "there is no such file", "no regular file", outside, outside, outside,
        "in a folder that leads outside", "a name with control characters", "no file named",
    ]  # fmt: skip
    write_csv(pets / "labels.csv", [{"path": name, "label": "cat"} for name in named])
    for uri in (pets, pets / "labels.csv"):
        found = rows(uri)
        assert [row["problem"] for row in found] == expected
        assert all((row["image"] is None) == (row["problem"] is not None) for row in found)


def test_letters_that_are_written_in_two_ways(pets):
    labels = [unicodedata.normalize(form, "Bär") for form in ("NFC", "NFD")]
    table = [{"path": f"images/{n}.jpg", "label": labels[n - 1]} for n in (1, 2)]
    write_csv(pets / "labels.csv", table)
    assert source(pets).target["classes"] == [labels[0]]


def test_unknown_splits(pets):
    table = [row | {"split": "eval"} for row in ROWS]
    write_csv(pets / "labels.csv", table)
    assert refusal(pets).startswith(f"ERROR {pets} has the unknown split 'eval' | fix: the known")
    write_csv(pets / "labels.csv", [*table[:1], *ROWS[1:]])
    assert problems(pets)["images/1.jpg"] == "unknown split eval"


def test_what_a_url_may_not_be(pets, web, here):
    (here / "outside.jpg").write_bytes(b"secret")
    schemes = "a URL that starts with none of http://, https://, s3://, gs://, az://, abfs://"
    expected = {
        f"file://{here}/outside.jpg": schemes,
        f"local://{here}/outside.jpg": schemes,
        "ftp://example.org/1.jpg": schemes,
        f"s3://photos::file://{here}/outside.jpg": "a chain of file systems",
        "http://ada:secret@[broken/1.jpg": "no valid URL",
        web.url("/photos/1.jpg").replace("http", "HTTP"): None,
    }
    write_csv(pets / "labels.csv", [{"url": url, "label": "cat"} for url in expected])
    found = rows(pets / "labels.csv")
    assert sorted(str(row["problem"]) for row in found) == sorted(map(str, expected.values()))
    assert [row["image"] for row in found if row["problem"] is None] == [b"photo 1"]
    assert "secret" not in "".join(row["id"] for row in found)


def test_a_manifest_behind_a_url_has_its_images_beside_it(pets, web):
    write_csv(pets / "labels.csv", [{"path": "photos/1.jpg", "label": "cat"}])
    web.files["/labels.csv"] = (pets / "labels.csv").read_bytes()
    (found,) = rows(web.url("/labels.csv?signature=secret"))
    assert (found["id"], found["image"]) == ("photos/1.jpg", b"photo 1")
    assert found["source"] == web.url("/photos/1.jpg")


def hostile_paths(here: Path) -> list[str]:
    """Paths to a file here that is nobody's business."""
    secret = here / "outside.jpg"
    secret.write_bytes(b"secret")
    relative = os.path.relpath(secret)
    return [f"file://{secret}", str(secret), str(secret).replace("/", "\\"), f"x/../../{relative}"]


def test_a_manifest_behind_a_url_reads_nothing_here(pets, web, here):
    write_csv(pets / "labels.csv", [{"path": p, "label": "a"} for p in hostile_paths(here)])
    web.files["/d/labels.csv"] = (pets / "labels.csv").read_bytes()
    web.files["/outside.jpg"] = b"above"
    found = rows(web.url("/d/labels.csv"))
    assert [(row["image"], row["problem"] is None) for row in found] == [(None, False)] * 4


def test_a_manifest_on_s3(pets, s3, here, monkeypatch):
    monkeypatch.setenv("GROUNDWORK_CACHE", str(here / "cache"))
    named = ["images/ä 3.jpg", "images/none.jpg", *hostile_paths(here)]
    write_csv(pets / "labels.csv", [{"path": path, "label": "a"} for path in named])
    for name in ("labels.csv", "images/ä 3.jpg"):
        s3.upload_file(str(pets / name), "photos", f"v1/{name}")
    found = rows("s3://photos/v1/labels.csv")
    images = {row["id"]: row["image"] for row in found if row["problem"] is None}
    assert images == {"images/ä 3.jpg": "image images/ä 3.jpg".encode()}
    assert len(found) == len(named)
