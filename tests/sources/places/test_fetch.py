"""What comes over a network comes whole or not at all, and once."""

import hashlib
import json
import os
import subprocess
import sys
import tarfile

import pytest

from pipeline.runtime.errors import SourceError
from pipeline.sources.places.fetch import cache_dir, cached_copy, fetch_file
from pipeline.sources.places.fetch import fetch_source as fetch
from tests.support.downloads import (
    CONTENT,
    MD5,
    SHA256,
    cached,
    make_pets,
    quick,
    refusal,
    rows,
    web,
)
from tests.support.repository import ROOT
from tests.support.servers import Web, serve

__all__ = ["quick", "web"]  # fixtures


def test_a_file_comes_once_and_is_looked_at_again(web):
    path = fetch(web.url("/data.tar"))
    assert path.read_bytes() == CONTENT
    assert path.name == "data.tar"
    assert path.is_relative_to(cache_dir())
    assert fetch(web.url("/data.tar")) == path
    assert [asked for _, asked in web.requests] == ["", ""]  # the second one is hung up on
    web.files["/data.tar"] = b"other"
    assert fetch(web.url("/data.tar")).read_bytes() == b"other"


def test_with_a_checksum_the_second_time_asks_nobody(web):
    first = fetch(web.url("/data.tar"), sha256=SHA256)
    assert fetch(web.url("/data.tar"), sha256=SHA256) == first
    assert fetch(web.url("/data.tar"), md5=MD5) == first
    assert len(web.requests) == 1


def test_a_row_on_a_server_that_is_no_more_is_given_up_soon(web):
    web.faults = ["500"] * 6
    with pytest.raises(SourceError, match=r"status 500 \(3 tries\)"):
        fetch_file(web.url("/data.tar"))
    assert len(web.requests) == 3


def test_another_checksum_leaves_nothing(web):
    wrong = "0" * 64
    assert refusal(web.url("/data.tar"), sha256=wrong) == (
        f"ERROR {web.url('/data.tar')} has the sha256 {SHA256}, expected {wrong} "
        "| fix: if it was replaced by a better one, correct sha256 in the entry"
    )
    assert cached() == []


def test_both_checksums_count(web):
    wrong = {"sha256": "0" * 64, "md5": "0" * 32}
    for one, other in (("sha256", {"md5": MD5}), ("md5", {"sha256": SHA256})):
        assert f"expected {wrong[one]}" in refusal(
            web.url("/data.tar"), **{one: wrong[one]}, **other
        )
        named = {name: {"data.tar": digest} for name, digest in ({one: wrong[one]} | other).items()}
        assert f"expected {wrong[one]}" in refusal(web.url("/"), **named)
    assert cached() == []


@pytest.mark.parametrize("damaged", [CONTENT[:-1], CONTENT[:-1] + bytes([CONTENT[-1] ^ 1])])
def test_a_damaged_copy_in_the_cache_is_fetched_again(web, damaged):
    path = fetch(web.url("/data.tar"), sha256=SHA256)
    path.write_bytes(damaged)
    assert fetch(web.url("/data.tar"), sha256=SHA256).read_bytes() == CONTENT


def test_what_is_known_of_a_download(web):
    path = fetch(web.url("/data.tar"), md5=MD5)
    assert json.loads((path.parent / ".data.tar.json").read_text()) == {
        "url": web.url("/data.tar"),
        "version": f'"{hash(CONTENT):x}"',
        "size": 3_000_000,
        "sha256": SHA256,
    }


def test_a_cache_that_cannot_be_written(web, here, monkeypatch):
    (here / "cache").write_text("a file")
    monkeypatch.setenv("GROUNDWORK_CACHE", "cache")
    message = refusal(web.url("/data.tar"))
    assert message.startswith(f"ERROR {web.url('/data.tar')} cannot be kept in cache/downloads/")
    assert message.endswith(
        ": Not a directory | fix: make room, or let GROUNDWORK_CACHE name another folder"
    )


def test_an_unreachable_server_and_a_copy_in_the_cache(capfd):
    with serve(Web(files={"/data.tar": CONTENT})) as web:
        path = fetch(web.url("/data.tar"))
    assert fetch(web.url("/data.tar")) == path
    assert "cannot be reached" in capfd.readouterr().err
    assert refusal(web.url("/other.tar")).startswith(
        f"ERROR {web.url('/other.tar')} cannot be fetched: NewConnectionError"
    )


def test_a_folder_of_named_files(web):
    web.files = {f"/mnist/{name}": f"content {name}".encode() for name in ("a.gz", "b.gz", "c.gz")}
    digests = {
        name: hashlib.md5(f"content {name}".encode()).hexdigest() for name in ("a.gz", "b.gz")
    }
    folder = fetch(web.url("/mnist/"), md5=digests)
    assert sorted(path.name for path in folder.iterdir() if path.name[0] != ".") == ["a.gz", "b.gz"]
    assert fetch(web.url("/mnist/"), md5=digests) == folder
    assert len(web.requests) == 2
    assert "0" * 32 in refusal(web.url("/mnist/"), md5=digests | {"c.gz": "0" * 32})
    assert refusal(web.url("/mnist/"), md5={"../c.gz": "0" * 32}) == (
        f"ERROR {web.url('/mnist/')} has a file called ../c.gz, which leads outside "
        "| fix: name files below the uri alone"
    )


def test_names_in_a_folder_become_part_of_the_address(web):
    web.files = {"/mnist/a%20%231.gz": CONTENT}
    folder = fetch(web.url("/mnist?key=1"), md5={"a #1.gz": MD5})
    assert (folder / "a #1.gz").read_bytes() == CONTENT


def test_entries_that_name_other_files_of_a_folder_leave_each_other_in_peace(web):
    web.files = {"/mnist/a.gz": CONTENT, "/mnist/b.gz": CONTENT}
    both = fetch(web.url("/mnist/"), md5={"a.gz": MD5, "b.gz": MD5})
    one = fetch(web.url("/mnist/"), md5={"a.gz": MD5})
    assert sorted(path.name for path in both.glob("[!.]*")) == ["a.gz", "b.gz"]
    assert [path.name for path in one.glob("[!.]*")] == ["a.gz"]


def test_a_wrong_file_of_a_folder_ends_the_others(web):
    web.files = {"/a.gz": b"wrong", "/b.gz": CONTENT}
    web.slow = {"/b.gz"}
    assert f"expected {MD5}" in refusal(web.url("/"), md5={"a.gz": MD5, "b.gz": MD5})
    assert "/b.gz" not in web.whole


FETCH = """
import sys
from pipeline.sources.places.fetch import fetch_source as fetch
print(fetch(sys.argv[1], sha256=sys.argv[2]))
"""


def start(url: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-c", FETCH, url, SHA256],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )


def test_a_killed_fetch_goes_on_in_the_next_run(web):
    web.faults = ["stall"]
    process = start(web.url("/data.tar"))
    while not any(path.stat().st_size for path in cache_dir().rglob("*.partial")):
        assert process.poll() is None
    process.kill()
    process.wait()
    assert cached() == []
    assert fetch(web.url("/data.tar"), sha256=SHA256).read_bytes() == CONTENT
    assert web.requests[-1][1].startswith("bytes=")


def test_a_fetch_killed_at_its_very_end_fetches_nothing_more(web):
    web.faults = ["drop"]
    with pytest.raises(SourceError):
        fetch_file(web.url("/data.tar"), max_bytes=2_999_999)
    place = cached_copy(web.url("/data.tar"))
    (place / ".data.tar.partial").write_bytes(CONTENT)
    (place / ".data.tar.version").write_text(f'"{hash(CONTENT):x}"')
    assert fetch(web.url("/data.tar"), sha256=SHA256).read_bytes() == CONTENT
    assert web.whole == []


def test_two_processes_fetch_it_once(web):
    processes = [start(web.url("/data.tar")) for _ in range(2)]
    paths = {process.communicate()[0] for process in processes}
    assert len(paths) == 1
    assert len(web.requests) == 1


def test_an_archive_behind_a_url_is_a_source(here, web):
    make_pets(here / "pets")
    with tarfile.open(here / "pets.tar.gz", "w:gz") as archive:
        archive.add(here / "pets", "pets")
    web.files["/pets.tar.gz"] = (here / "pets.tar.gz").read_bytes()
    assert rows(web.url("/pets.tar.gz?download=1")) == rows("pets")
    (here / "pets").rename(here / "my pets")
    assert rows(f"file://{here}/my%20pets") == rows("my pets")
    assert rows(f"file://localhost{here}/my%20pets") == rows("my pets")
