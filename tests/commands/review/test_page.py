"""The review page in a real browser: keys, what is written, and what happens when things fail."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from pipeline.commands.review.lookup import WAIT
from pipeline.modalities.images.content.decoding import encode_png
from tests.support.review_data import serving, start, url_of, write_review

HEADER = "id,given,decision,reviewer,note\n"
CHROMIUM = shutil.which("chromium")
FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run "
    "--disable-background-networking --disable-component-update --disable-sync"
)

CLASSES = ["cat", "dog"]
COLOURS = ["rouge", "vert", "bleú", "noir"]
PIXEL = encode_png(np.full((4, 4, 3), 128, np.uint8))

expect.set_options(timeout=30_000)  # milliseconds; only a failure waits so long
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS.split())
        yield browser
        browser.close()


@pytest.fixture
def tab(browser: Browser) -> Iterator[Page]:
    """A tab whose scripts must not fail, and which must ask nobody but the server."""
    page = browser.new_context(viewport={"width": 1280, "height": 860}).new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on(
        "console",
        lambda said: faults.append(said.text) if "Content Security Policy" in said.text else None,
    )
    page.on("dialog", lambda dialog: faults.append("a dialog") or dialog.accept())
    page.on(
        "request",
        lambda request: (
            None if request.url.startswith("http://127.0.0.1:") else faults.append(request.url)
        ),
    )
    yield page
    page.context.close()
    assert faults == []


def reviews() -> str:
    path = Path("data/reviews/pets.csv")
    return path.read_text() if path.exists() else ""


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def shown(page: Page, id: str) -> None:
    expect(page.locator("#id")).to_have_text(id)
    expect(page.locator("#skip")).to_be_enabled()  # it has arrived, and keys act on it


def saved(page: Page) -> None:
    expect(page.locator("#saved")).to_have_text("All saved")


def test_a_queue_is_worked_off_by_keys(pets, tab):
    with serving() as server:
        tab.goto(server.url)
        shown(tab, "a")
        expect(tab.locator("#given-label")).to_have_text("cat")
        expect(tab.locator("#proposed-label")).to_have_text("dog")
        expect(tab.locator("#neighbours li:not(.empty) .name")).to_have_text(
            ["cat", "cat", "cat", "no label"]
        )
        expect(tab.locator("#quality-text")).to_have_text("10 %")
        press(tab, "Enter")
        shown(tab, "b")
        expect(tab.locator("#last")).to_have_text("cat → dog")
        press(tab, "s", "k")
        expect(tab.locator("#last")).to_have_text("dog kept, although its twin is in test")
        shown(tab, "d")
        expect(tab.locator(".tag.test")).to_have_text("test split: kept on record, never applied")
        press(tab, "d", "3")
        expect(tab.locator("#finished-title")).to_have_text("1 left, which you skipped")
        expect(tab.locator("#counts")).to_have_text("4 of 5 decided")
        press(tab, "Enter")
        shown(tab, "b")
        press(tab, "2")
        expect(tab.locator("#finished-title")).to_have_text("Every one is decided")
        saved(tab)
    assert reviews() == (
        f"{HEADER}a,cat,dog,Ada,\nc,dog,keep,Ada,\nd,dog,drop,Ada,\ne,bird,keep,Ada,\n"
        "b,cat,dog,Ada,\n"
    )


def test_undo_goes_back_one_by_one(pets, tab):
    with serving() as server:
        tab.goto(server.url)
        shown(tab, "a")
        press(tab, "Enter", "Enter", "d")
        shown(tab, "d")
        press(tab, "u")
        shown(tab, "c")
        press(tab, "Control+z")
        shown(tab, "b")
        saved(tab)
        assert reviews() == f"{HEADER}a,cat,dog,Ada,\n"
        tab.reload()  # what can be undone is not lost
        shown(tab, "b")
        press(tab, "u")
        shown(tab, "a")
        expect(tab.locator("#undo")).to_be_disabled()
        saved(tab)
        press(tab, "u", "k")
        saved(tab)
    assert reviews() == f"{HEADER}a,cat,keep,Ada,\n"


def test_what_is_decided_is_shown_and_can_be_changed(pets, tab):
    Path("data/reviews").mkdir()
    Path("data/reviews/pets.csv").write_text(f"{HEADER}a,cat,drop,Bo,torn\nb,dog,keep,Bo,\n")
    with serving() as server:
        tab.goto(server.url)
        shown(tab, "b")  # the given label has changed since, so it is open
        expect(tab.locator("#decision")).to_have_text(
            "Decided when the given label was another: kept by Bo"
        )
        press(tab, "ArrowLeft")
        shown(tab, "a")
        expect(tab.locator("#decision")).to_have_text("Decided: dropped by Bo")
        expect(tab.locator("#note")).to_have_value("torn")
        press(tab, "n", "End", *" in two", "Enter")
        shown(tab, "b")
        saved(tab)
    assert reviews().endswith("b,dog,keep,Bo,\na,cat,drop,Ada,torn in two\n")


def test_a_note_goes_with_the_decision(pets, tab):
    with serving() as server:
        tab.goto(server.url)
        shown(tab, "a")
        press(tab, "n", *'half, "hidden" dk1', "Enter", "k")
        shown(tab, "b")
        expect(tab.locator("#note")).to_have_value("")
        press(tab, "n", "x", "Escape", "d")
        saved(tab)
    assert reviews() == (f'{HEADER}a,cat,keep,Ada,"half, ""hidden"" dk1"\nb,cat,drop,Ada,x\n')


def test_a_key_that_is_held_down_decides_once(pets, tab):
    with serving() as server:
        tab.goto(server.url)
        shown(tab, "a")
        for _ in range(5):
            tab.keyboard.down("d")
        tab.keyboard.up("d")
        shown(tab, "b")
        saved(tab)
    assert reviews() == f"{HEADER}a,cat,drop,Ada,\n"


def test_filters_and_place_outlive_a_reload(pets, tab):
    with serving() as server:
        tab.goto(server.url)
        shown(tab, "a")
        press(tab, "f")
        expect(tab.locator("#given")).to_be_focused()
        tab.select_option("#given", "dog")
        shown(tab, "c")
        expect(tab.locator("#counts")).to_have_text("0 of 2 decided")
        press(tab, "ArrowRight")
        shown(tab, "d")
        tab.reload()
        shown(tab, "d")
        expect(tab.locator("#given")).to_have_value("dog")
        tab.select_option("#reason", "leak")
        shown(tab, "c")
        press(tab, "k")
        expect(tab.locator("#finished-title")).to_have_text("Every one is decided")
        tab.click("#show-all")
        shown(tab, "a")
        expect(tab.locator("#counts")).to_have_text("1 of 5 decided")


def test_the_buttons_do_what_the_keys_do(pets, tab):
    with serving() as server:
        tab.goto(server.url)
        shown(tab, "a")
        tab.click("#accept")
        tab.click("#keep")
        tab.click("#drop")
        tab.click("#skip")
        tab.click("#choices button >> nth=1")
        expect(tab.locator("#finished-title")).to_have_text("1 left, which you skipped")
        tab.click("#undo")
        shown(tab, "e")
        press(tab, "Enter")  # the focus did not stay on the button
        tab.click("#again")
        shown(tab, "d")
        tab.click("#pick")
        tab.click("#matches li >> nth=2")
        saved(tab)
    assert reviews() == (
        f"{HEADER}a,cat,dog,Ada,\nb,cat,keep,Ada,\nc,dog,drop,Ada,\ne,bird,cat,Ada,\nd,dog,bird,Ada,\n"
    )


def test_classes_that_are_digits_have_themselves_for_keys(tmp_path, monkeypatch, tab):
    row = {"id": "a", "given": "7", "proposed": "1"}
    write_review(tmp_path, {"a": PIXEL}, [row], list("0123456789"))
    monkeypatch.chdir(tmp_path)
    with serving() as server:
        tab.goto(server.url)
        shown(tab, "a")
        expect(tab.locator(".choice kbd")).to_have_text(list("0123456789"))
        press(tab, "3")
        saved(tab)
    assert reviews() == f"{HEADER}a,7,3,Ada,\n"


def test_a_thousand_classes(tmp_path, monkeypatch, tab):
    classes = [f"{colour} {number:03d}" for number in range(250) for colour in COLOURS]
    rows = [
        {"id": id, "given": classes[0], "proposed": classes[500], "neighbours": ["n"]}
        for id in "abc"
    ]
    write_review(tmp_path, dict.fromkeys("abcn", PIXEL), rows, classes)
    monkeypatch.chdir(tmp_path)
    with serving() as server:
        tab.goto(server.url)
        shown(tab, "a")
        expect(tab.locator("#choices button span")).to_have_text([classes[500], classes[0]])
        press(tab, "c")
        expect(tab.locator("#matches li")).to_have_count(100)
        expect(tab.locator("#more")).to_have_text("and 900 more")
        press(tab, *"bleu 077")  # with an accent in the name
        expect(tab.locator("#matches li")).to_have_text(["bleú 077"])
        press(tab, "Enter")
        shown(tab, "b")
        press(tab, "3")  # picked before, so a digit has it now
        shown(tab, "c")
        press(tab, "/")
        expect(tab.locator("#matches li")).to_have_count(100)  # open, and takes what is typed
        press(tab, *"07")
        expect(tab.locator("#matches li").first).to_contain_text("07")
        press(tab, "ArrowDown", "ArrowDown", "ArrowUp", "Enter")
        expect(tab.locator("#counts")).to_have_text("3 of 3 decided")
        saved(tab)
        press(tab, "u")
        shown(tab, "c")
        expect(tab.locator("#counts")).to_have_text("2 of 3 decided")
        press(tab, "c")
        expect(tab.locator("#matches li")).to_have_count(100)
        press(tab, *"no such")
        expect(tab.locator("#matches li")).to_have_count(0)
        press(tab, "Enter", "Escape")
        expect(tab.locator("#matches")).to_be_hidden()
        press(tab, "1")
        saved(tab)
    assert reviews() == (
        f"{HEADER}a,rouge 000,bleú 077,Ada,\nb,rouge 000,bleú 077,Ada,\n"
        "c,rouge 000,rouge 125,Ada,\n"
    )


def test_the_page_does_not_wait_for_the_server(pets, tab):
    with serving() as server:
        tab.goto(server.url)
        shown(tab, "a")
        with server.session._lock:  # it cannot answer
            press(tab, "Enter", "k")
            shown(tab, "c")
            expect(tab.locator("#saved")).to_have_text("Saving …")
            assert reviews() == ""
        saved(tab)
    assert reviews() == f"{HEADER}a,cat,dog,Ada,\nb,cat,keep,Ada,\n"


def test_nothing_is_lost_when_the_server_is_killed(pets, tab):
    process = start("--port", "0", "--reviewer", "Ada")
    _, address = url_of(process)
    tab.goto(address)
    shown(tab, "a")
    press(tab, "Enter")
    saved(tab)
    process.kill()
    process.wait()
    press(tab, "d", "k")
    expect(tab.locator("#saved")).to_have_text(
        "Not saved yet, 2 decisions kept here and tried again: "
        "the server does not answer; is it running?"
    )
    shown(tab, "d")
    assert reviews() == f"{HEADER}a,cat,dog,Ada,\n"
    process = start("--port", str(urlsplit(address).port), "--reviewer", "Ada")
    saved(tab)
    expect(tab.locator("#counts")).to_have_text("3 of 5 decided")
    shown(tab, "d")
    process.kill()
    process.wait()
    assert reviews() == f"{HEADER}a,cat,dog,Ada,\nb,cat,drop,Ada,\nc,dog,keep,Ada,\n"


def test_a_broken_file_is_said_and_decisions_wait_for_it(pets, tab):
    with serving() as server:
        tab.goto(server.url)
        shown(tab, "a")
        Path("data/reviews").mkdir()
        Path("data/reviews/pets.csv").write_text("name\n")
        press(tab, "d")
        expect(tab.locator("#saved")).to_have_text(
            "Not saved yet, 1 decision kept here and tried again: data/reviews/pets.csv must have "
            "the columns id,given,decision,reviewer,note, found name – mend its first line"
        )
        Path("data/reviews/pets.csv").write_text(HEADER)
        saved(tab)
    assert reviews() == f"{HEADER}a,cat,drop,Ada,\n"


def test_what_cannot_be_written_does_not_look_decided(tmp_path, monkeypatch, tab):
    write_review(
        tmp_path, {"a": PIXEL}, [{"id": "a", "given": "cat", "proposed": "drop"}], ["cat", "drop"]
    )
    monkeypatch.chdir(tmp_path)
    with serving() as server:
        tab.goto(server.url)
        shown(tab, "a")
        press(tab, "Enter")
        expect(tab.locator("#last")).to_have_text(
            "Not written: 'drop' is no class that can be decided for"
        )
        shown(tab, "a")
        expect(tab.locator("#counts")).to_have_text("0 of 1 decided")
    assert reviews() == ""


def test_two_tabs_and_a_person_with_an_editor(pets, tab):
    with serving() as server:
        tab.goto(server.url)
        shown(tab, "a")
        other = tab.context.new_page()
        other.goto(server.url)
        shown(other, "a")
        press(other, "Enter", "Enter")
        shown(other, "c")
        saved(other)
        press(tab, "k")  # the same example, later: this counts
        saved(tab)
        shown(tab, "b")
        expect(tab.locator("#decision")).to_have_text("Decided: → bird by Ada")
        press(tab, "s")
        shown(tab, "c")
        expect(tab.locator("#counts")).to_have_text("2 of 5 decided")

        Path("data/reviews/pets.csv").write_text(f"{HEADER}e,bird,keep,Bo,\n")  # an old copy
        press(tab, "d")
        expect(tab.locator("#lost-text")).to_have_text(
            "3 of the decisions made here are no longer in data/reviews/pets.csv: somebody saved "
            "another version of it."
        )
        tab.click("#lost-restore")
        saved(tab)
        expect(tab.locator("#lost")).to_be_hidden()
        expect(tab.locator("#counts")).to_have_text("4 of 5 decided")
    assert reviews() == (
        f"{HEADER}e,bird,keep,Bo,\nc,dog,drop,Ada,\na,cat,dog,Ada,\nb,cat,bird,Ada,\na,cat,keep,Ada,\n"
    )


def test_hostile_text_is_text(tmp_path, monkeypatch, tab):
    hostile = "<img src=x onerror=alert(1)><script>alert(2)</script>"
    row = {"id": f"{hostile}&amp;", "given": hostile, "proposed": "é\"'"}
    write_review(tmp_path, {row["id"]: PIXEL}, [row | {"neighbours": [hostile]}], [hostile, "é\"'"])
    monkeypatch.chdir(tmp_path)
    with serving() as server:
        tab.goto(server.url)
        shown(tab, f"{hostile}&amp;")
        expect(tab.locator("#given-label")).to_have_text(hostile)
        expect(tab.locator("#why-text")).to_have_text(
            f"Models that have not seen it say é\"'; {hostile} is right with a probability of 10%."
        )
        press(tab, "n", *"<b>note", "Enter", "c")
        expect(tab.locator("#matches li >> nth=0")).to_have_text(hostile)
        press(tab, "Escape", "k", "ArrowLeft")
        expect(tab.locator("#last")).to_have_text(f"{hostile} kept")
        assert tab.locator("main script, main b, main img[onerror]").count() == 0
        saved(tab)


@pytest.mark.parametrize("classes", [CLASSES, [*CLASSES, *"abcdefghijkl"]], ids=["few", "many"])
def test_nothing_moves_from_item_to_item(tmp_path, monkeypatch, tab, classes):
    rows = [
        {"id": "a", "given": "cat", "proposed": "dog", "neighbours": ["b"]},
        {
            "id": "b" * 300,
            "given": "cat",
            "proposed": "cat",
            "like": "long " * 200,
            "like_split": "train",
            "like_label": "dog",
            "reasons": ["label", "annotators", "near duplicate", "leak", "outlier"],
            "split": "test",
            "neighbours": list("abcdefgh"),
        },
        {"id": "c", "given": "cat", "proposed": "dog", "reasons": [], "label_quality": None},
        {"id": "d", "given": "cat", "proposed": "dog", "reasons": ["leak"], "like": "a"},
    ]
    rows[3] |= {"like_split": "test", "like_label": "long " * 200}
    write_review(tmp_path, {row["id"]: PIXEL for row in rows} | {"c": None}, rows, classes)
    monkeypatch.chdir(tmp_path)
    boxes = """[...document.querySelectorAll("#example, #facts > *, #neighbours li, footer button")]
        .map((part) => JSON.stringify(part.getBoundingClientRect()))"""
    with serving() as server:
        tab.goto(server.url)
        shown(tab, "a")
        first = tab.evaluate(boxes)
        press(tab, "ArrowRight")
        shown(tab, "b" * 300)
        assert tab.evaluate(boxes) == first
        press(tab, "d")
        shown(tab, "c")
        assert tab.evaluate(boxes) == first
        press(tab, "ArrowLeft")
        expect(tab.locator("#decision")).to_have_text("Decided: left out by Ada")
        assert tab.evaluate(boxes) == first
        press(tab, "ArrowRight", "ArrowRight")
        shown(tab, "d")
        expect(tab.locator("#example img")).to_have_count(2)
        assert tab.evaluate(boxes) == first
        saved(tab)  # else the server writes when this folder is no longer the current one


def test_an_example_stands_beside_the_one_that_it_looks_like(pets, tab):
    with serving() as server:
        tab.goto(server.url)
        shown(tab, "a")
        expect(tab.locator("#example img")).to_have_count(1)
        press(tab, "ArrowRight", "ArrowRight")
        shown(tab, "c")
        expect(tab.locator("#example .half .caption")).to_have_text(["dog in train", "cat in test"])
        loaded = "[...document.querySelectorAll('#example img')].map((img) => img.naturalWidth)"
        tab.wait_for_function(f"{loaded}.join() === '4,4'")
        expect(tab.locator("#size")).to_have_text("4 × 4 · train")
        press(tab, "ArrowRight", "ArrowRight")
        shown(tab, "e")
        expect(tab.locator("#example")).to_have_text("no image")
        expect(tab.locator("#size")).to_have_text("train")


def test_enter_leaves_a_leak_out_and_keeping_says_what_it_means(pets, tab):
    with serving() as server:
        tab.goto(server.url)
        shown(tab, "a")
        expect(tab.locator("#accept-word")).to_have_text("Accept")
        press(tab, "ArrowRight", "ArrowRight")
        shown(tab, "c")
        expect(tab.locator("#proposed-label")).to_have_text("removal")
        expect(tab.locator("#accept-word")).to_have_text("Leave it out")
        expect(tab.locator("#keep-word")).to_have_text("Train on it")
        expect(tab.locator("#effect")).to_have_text(
            "Leave it out: it stays removed. Train on it: it comes back as dog, although its twin "
            "is in test."
        )
        press(tab, "Enter")
        expect(tab.locator("#last")).to_have_text("dog left out")
        press(tab, "ArrowLeft")
        shown(tab, "c")
        press(tab, "k", "ArrowLeft")
        expect(tab.locator("#last")).to_have_text("dog kept, although its twin is in test")
        expect(tab.locator("#decision")).to_have_text(
            "Decided: kept by Ada, although its twin is in test"
        )
        saved(tab)
    assert reviews() == f"{HEADER}c,dog,drop,Ada,\nc,dog,keep,Ada,\n"


def test_images_asked_for_while_ingest_runs_come_when_it_is_done(pets, tab):
    index = Path("data/raw/index.json")
    with serving() as server:
        index.rename("index.json")
        Path("data/raw/part-00000.parquet").touch()
        tab.goto(server.url)
        shown(tab, "a")
        expect(tab.locator("#saved")).to_have_text(f"Waiting: data/raw is being made – {WAIT}")
        expect(tab.locator("#example img")).to_have_js_property("naturalWidth", 0)
        Path("index.json").rename(index)
        saved(tab)
        expect(tab.locator("#example img")).to_have_js_property("naturalWidth", 4)


def test_small_images_are_smooth_and_a_key_makes_them_sharp(pets, tab):
    drawn = "getComputedStyle(document.querySelector('#example img')).imageRendering"
    with serving() as server:
        tab.goto(server.url)
        shown(tab, "a")
        assert tab.evaluate(drawn) == "auto"
        press(tab, "x")
        assert tab.evaluate(drawn) == "pixelated"
        tab.reload()
        shown(tab, "a")
        assert tab.evaluate(drawn) == "pixelated"
        press(tab, "x")
        assert tab.evaluate(drawn) == "auto"


@pytest.mark.parametrize(("width", "height"), [(1920, 1080), (1280, 800), (390, 844)])
def test_it_fits_the_screen(pets, tab, width, height):
    tab.set_viewport_size({"width": width, "height": height})
    place = """(selector) => {
        const box = document.querySelector(selector).getBoundingClientRect();
        return { left: box.left, right: box.right, top: box.top, bottom: box.bottom };
    }"""
    with serving() as server:
        tab.goto(server.url)
        shown(tab, "a")
        press(tab, "ArrowRight", "ArrowRight")
        shown(tab, "c")
        for selector in ("#example", "#outcome", "#choices", "#neighbours", "#actions"):
            found = tab.evaluate(place, selector)
            assert 0 <= found["left"] < found["right"] <= width, selector
        # What a decision needs can be seen without scrolling.
        footer = tab.evaluate(place, "footer")
        last = "#why" if width < 860 else "#neighbours"
        assert footer["bottom"] <= height
        assert tab.evaluate(place, last)["bottom"] <= footer["top"], last
        assert tab.evaluate(place, "#example")["right"] - tab.evaluate(place, "#example")[
            "left"
        ] >= (width * 0.3)


def test_neighbours_that_are_gone_are_said(pets, tab):
    with serving() as server:
        tab.goto(server.url)
        shown(tab, "a")
        expect(tab.locator("#neighbours .picture >> nth=3")).to_have_text("not in the data")
        expect(tab.locator("#neighbours img")).to_have_count(3)


def test_html_of_examples_is_inert(pets, browser):
    """Even if a modality did not escape; the browser says then what it did not run."""
    hostile = (
        "<script>window.bad = 1</script><img src='/media/0' onerror='window.bad = 2' alt='x'>"
        "<img src='https://example.org/x.png'><p style='color: red' class='y'>text<b>bold</b></p>"
        "<iframe srcdoc='<p>'></iframe><form action='/'><input></form><a href='javascript:0'>a</a>"
        "<div><style>* { color: red }</style><svg onload='window.bad = 3'><p>inside</p></svg></div>"
    )
    page = browser.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    with serving() as server:
        page.goto(server.url)
        shown(page, "a")
        made = page.evaluate(
            """async (html) => {
                const { inert } = await import("/inert.js");
                const made = inert(html);
                document.body.append(made);
                await new Promise((resolve) => setTimeout(resolve, 200));
                return [made.innerHTML, window.bad ?? null];
            }""",
            hostile,
        )
        page.close()
    assert made == [
        '<img src="/media/0" alt="x"><img><p class="y">text<b>bold</b></p><div><p>inside</p></div>',
        None,
    ]
    assert all(url.startswith("http://127.0.0.1:") for url in asked)


def test_help_names_every_key_and_closes(pets, tab):
    with serving() as server:
        tab.goto(server.url)
        shown(tab, "a")
        press(tab, "?")
        expect(tab.locator("#help")).to_be_visible()
        for key in ("Enter", "a", "k", "c", "/", "d", "s", "u", "n", "←", "→", "x", "f", "?"):
            assert tab.locator("#help dt kbd").get_by_text(key, exact=True).count() == 1, key
        press(tab, "d")  # decides nothing meanwhile
        press(tab, "Escape")
        expect(tab.locator("#help")).to_be_hidden()
        shown(tab, "a")


def test_every_control_has_a_name_and_a_visible_focus(pets, tab):
    with serving() as server:
        tab.goto(server.url)
        shown(tab, "a")
        seen = set()
        for _ in range(20):
            press(tab, "Tab")
            name, outline = tab.evaluate(
                "[document.activeElement.id || document.activeElement.className,"
                " getComputedStyle(document.activeElement).outlineStyle]"
            )
            seen.add(name)
            assert outline == "solid" or not name, name
        assert {"given", "help-button", "choice", "note", "accept", "skip"} <= seen
        nameless = """[...document.querySelectorAll("button, input, select")].filter(
            (part) => !part.textContent.trim() && !part.labels?.length && !part.ariaLabel)"""
        assert tab.evaluate(nameless) == []


def test_an_empty_queue(tmp_path, monkeypatch, tab):
    write_review(tmp_path, {"a": PIXEL}, [], ["cat", "dog"])
    monkeypatch.chdir(tmp_path)
    with serving() as server:
        tab.goto(server.url)
        expect(tab.locator("#finished-title")).to_have_text("Nothing here is in doubt")
        press(tab, "Enter", "d", "u", "ArrowLeft", "ArrowRight", "c")
        expect(tab.locator("#palette")).to_be_hidden()
    assert reviews() == ""
