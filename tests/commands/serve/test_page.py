"""The status page in a real browser."""

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from pipeline.serving.http.access import TOKEN_VARIABLE
from tests.support.serving import serving, write_model

CHROMIUM = shutil.which("chromium")
FLAGS = "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
HOSTILE = ["<script>alert(1)</script>", "Katze é", '"&quot;']
TOKEN = "0123456789abcdef0123"
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS.split())
        yield browser
        browser.close()


@pytest.fixture
def faults() -> list[str]:
    return []


@pytest.fixture
def tab(browser, faults) -> Iterator[Page]:
    """A tab in which nothing must fail, and no script run."""
    page = browser.new_context(viewport={"width": 390, "height": 800}).new_page()
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: faults.append(message.text))
    page.on("dialog", lambda dialog: faults.append("a dialog") or dialog.accept())
    yield page
    page.context.close()


def test_people_see_what_the_server_does(tmp_path, tab, faults, image):
    write_model(tmp_path / "models/serving", classes=HOSTILE)
    with serving(tmp_path) as server:
        tab.goto(server.url)
        expect(tab.locator("body")).to_contain_text("None yet.")
        answer = server.ask_json("POST", "/predict", image(0))[1]
        tab.reload()
        expect(tab.locator("h1")).to_have_text(f"model {answer['model']}")
        expect(tab.locator("p.quiet").first).to_have_text(f"3 labels: {', '.join(HOSTILE)}")
        expect(tab.locator("td code")).to_have_text(answer["id"])
        expect(tab.locator("td").nth(1)).to_have_text(answer["class"])
        expect(tab.locator("pre").first).to_have_text(
            f"curl --data-binary @photo.jpg {server.url}/predict"
        )
        assert tab.evaluate("document.scripts.length") == 0
        width = "document.documentElement.scrollWidth <= window.innerWidth"
        assert tab.evaluate(width), "a phone would have to scroll sideways"
        screenshot = tab.screenshot(full_page=True)
    assert len(screenshot) > 1000
    assert [fault for fault in faults if "favicon" not in fault and "404" not in fault] == []


def test_a_browser_may_give_the_token_as_a_password(tmp_path, browser):
    write_model(tmp_path / "models/serving")
    with serving(tmp_path, env={TOKEN_VARIABLE: TOKEN}) as server:
        credentials = {"username": "me", "password": TOKEN}
        context = browser.new_context(http_credentials=credentials)
        page = context.new_page()
        page.goto(server.url)
        expect(page.locator("h1")).to_contain_text("model")
        expect(page.locator("pre").first).to_contain_text("Bearer $GROUNDWORK_TOKEN")
        context.close()
