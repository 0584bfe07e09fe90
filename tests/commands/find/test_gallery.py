"""The gallery in a real browser: what is selected goes to review, and is decided there."""

import shutil
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright

from pipeline.commands.find.gallery import GalleryServer, open_session, queue_of
from pipeline.dataset.review.queue import read_queue
from pipeline.runtime.errors import FindError
from tests.commands.review.test_page import FLAGS

CHROMIUM = shutil.which("chromium")
needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")


@contextmanager
def serving(ids: Sequence[str]) -> Iterator[GalleryServer]:
    server = GalleryServer(open_session("Ada", ids), 0)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_queue_of_what_was_found(pets):
    """In its order; what clean doubts keeps its reasons."""
    queue = queue_of(["x", "a", "nobody"])
    assert queue["id"].to_pylist() == ["x", "a"]
    first, second = queue.to_pylist()
    assert (first["reasons"], first["given"], first["proposed"]) == (["chosen"], "cat", "cat")
    doubted = {row["id"]: row for row in read_queue(Path("data/findings")).to_pylist()}
    assert second == doubted["a"]
    with pytest.raises(FindError, match="no example with a label was found"):
        queue_of(["nobody"])


def test_the_session_shows_what_is_chosen_alone(pets):
    session = open_session("Ada", ["x", "a", "b"])
    assert session.select({})["rows"] == [0, 1, 2]
    assert session.items([0])[0]["why"] == "You chose it."
    session.choose([2, 0])
    assert session.select({})["rows"] == [0, 2]
    for wrong in ([], [3], [-1], ["0"]):
        with pytest.raises(ValueError, match="no such rows"):
            session.choose(wrong)


@needs_browser
def test_a_selection_goes_to_review(pets):
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS.split())
        page = browser.new_page()
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
        with serving(["x", "y", "a"]) as server:
            page.goto(server.url)
            expect(page.locator("#counts")).to_have_text("3 examples, 0 selected")
            expect(page.locator("#examples img")).to_have_count(3)
            assert "token" not in page.url
            page.keyboard.press("a")
            expect(page.locator("#counts")).to_have_text("3 examples, 3 selected")
            page.keyboard.press("Escape")
            page.locator("#examples button").nth(1).click()
            page.keyboard.press("ArrowRight")
            page.keyboard.press("Space")
            expect(page.locator("#counts")).to_have_text("3 examples, 2 selected")
            page.keyboard.press("Enter")
            expect(page.locator("#id")).to_have_text("y")
            expect(page.locator("#skip")).to_be_enabled()
            page.keyboard.press("2")
            expect(page.locator("#id")).to_have_text("a")
            expect(page.locator("#counts")).to_have_text("1 of 2 decided")
            expect(page.locator("#saved")).to_have_text("All saved")
        browser.close()
        assert faults == []
    assert "y,cat,dog,Ada,\n" in Path("data/reviews/pets.csv").read_text()


def test_nobody_may_choose_without_the_secret(pets):
    import json
    import urllib.error
    import urllib.request

    with serving(["x"]) as server:
        address = f"http://127.0.0.1:{server.server_port}/api/choose"
        body = json.dumps({"dataset": "pets", "rows": [0]}).encode()
        request = urllib.request.Request(
            address, body, {"Content-Type": "application/json", "Origin": "http://evil.example"}
        )
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request, timeout=10)
        assert refused.value.code == 403
