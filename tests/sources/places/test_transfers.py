"""A transfer goes on after a broken connection, and ends where nothing is to be had."""

import gzip

import pytest

from pipeline.runtime.errors import SourceError
from pipeline.sources.places.fetch import fetch_file
from pipeline.sources.places.fetch import fetch_source as fetch
from tests.support.downloads import CONTENT, SHA256, cached, quick, refusal, web

__all__ = ["quick", "web"]  # fixtures


@pytest.mark.parametrize("fault", ["drop", "stall"])
@pytest.mark.parametrize(("ranges", "etags"), [(True, True), (False, True), (True, False)])
def test_a_broken_connection_goes_on(web, fault, ranges, etags):
    web.faults, web.ranges, web.etags = [fault], ranges, etags
    assert fetch(web.url("/data.tar"), sha256=SHA256).read_bytes() == CONTENT
    # Without an ETag nobody can tell whether it is still the same file.
    (_, first), (_, second) = web.requests
    assert first == ""
    assert second == "" if not etags else 1_480_000 < int(second[6:-1]) <= 1_500_000


def test_a_connection_may_break_often_as_long_as_something_comes(web):
    web.faults = ["drop"] * 7
    assert fetch(web.url("/data.tar"), sha256=SHA256).read_bytes() == CONTENT


def test_a_file_that_changes_meanwhile_is_begun_anew(web):
    web.faults = ["drop"]
    other = bytes(reversed(CONTENT))

    class Changing(dict):
        def get(self, path):
            return CONTENT if len(web.requests) == 1 else other

    web.files = Changing()
    assert fetch(web.url("/data.tar")).read_bytes() == other


def test_a_server_that_promises_more_than_it_sends(web):
    web.faults = ["truncate"] * 20
    message = refusal(web.url("/data.tar"))
    assert message.startswith(f"ERROR {web.url('/data.tar')} cannot be fetched: ")
    assert "(6 tries)" in message
    assert cached() == []


def test_a_server_that_always_breaks_and_says_no_version(web):
    web.faults, web.etags = ["drop"] * 20, False
    assert "(6 tries)" in refusal(web.url("/data.tar"))
    assert len(web.requests) == 6


def test_what_a_server_calls_encoded_is_kept_as_it_came(web):
    web.files["/data.tar.gz"] = gzip.compress(CONTENT[:100_000] * 3)
    web.encoded = True
    assert fetch(web.url("/data.tar.gz")).read_bytes() == web.files["/data.tar.gz"]


def test_a_server_in_trouble_is_asked_again(web):
    web.faults = ["500", "500"]
    assert fetch(web.url("/data.tar")).read_bytes() == CONTENT
    web.faults = ["500"] * 6
    web.files["/other.tar"] = CONTENT
    assert refusal(web.url("/other.tar")) == (
        f"ERROR {web.url('/other.tar')} cannot be fetched: status 500 (6 tries) "
        "| fix: check the address and the network, then run it again; it goes on where it was"
    )


def test_what_is_not_there_is_not_asked_for_again(web):
    assert refusal(web.url("/nothing.tar")) == (
        f"ERROR {web.url('/nothing.tar')} cannot be fetched: the server says 404 Not Found "
        "| fix: check uri in the catalog entry, and whether you may have it"
    )
    assert len(web.requests) == 1


@pytest.mark.parametrize("fault", ["html", "page"])
def test_a_web_page_is_no_dataset(web, fault):
    web.faults = [fault]
    assert refusal(web.url("/data.tar")) == (
        f"ERROR {web.url('/data.tar')} gives a web page instead of a file; a login or a consent "
        "page? | fix: open it in a browser; point uri at the file itself, or download it yourself"
    )
    assert cached() == []


def test_a_file_too_large_is_not_fetched(web):
    with pytest.raises(SourceError) as caught:
        fetch_file(web.url("/data.tar"), max_bytes=1000)
    assert str(caught.value) == (
        f"ERROR {web.url('/data.tar')} has 3000000 bytes, more than 1000 allowed "
        "| fix: raise ingest.max_file_mb, or leave it out"
    )
    assert cached() == []
