"""A day in the life of a served model: drift, an alarm, sixty decisions, a better model."""

import json
import re
import shutil
import signal
import urllib.request
from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright

from pipeline.dataset.served.ids import id_of
from pipeline.dataset.table import read_folder
from pipeline.modalities.images.content.decoding import decode, encode_png
from pipeline.serving.model import open_model
from tests.support.repository import Repository, make_clone
from tests.support.review_data import start, url_of
from tests.support.serving import serving

CHROMIUM = shutil.which("chromium")
NUM_CLEAN, NUM_DRIFTED, NUM_LATER, NUM_LABELLED, NUM_DECIDED = 100, 100, 100, 20, 60
CLASSES = [str(digit) for digit in range(10)]


def inverted(image: bytes) -> bytes:
    """As a scanner sees it that has dark and light exchanged."""
    return encode_png(255 - decode(image))


def examples(repository: Repository) -> list[tuple[bytes, str]]:
    """Test images and their labels."""
    table = read_folder(repository.path / "data/clean", ["image", "label", "split"])
    return [
        (row["image"], row["label"]) for row in table.to_pylist() if row["split"] == "test"
    ]  # fmt: skip


def ask(url: str, path: str, body: bytes) -> dict:
    kind = "application/json" if path == "/feedback" else "application/octet-stream"
    request = urllib.request.Request(
        url + path, data=body, headers={"Content-Type": kind}, method="POST"
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def accuracy(
    repository: Repository, images: list[tuple[bytes, str]], folder: str = "models/serving"
) -> float:
    model = open_model(repository.path / folder)
    (answers,) = model.answer([model.prepare([image for image, _ in images])])
    pairs = zip(answers, images, strict=True)
    return sum(answer.label == label for answer, (_, label) in pairs) / len(images)


def decide_in_a_browser(truths: dict[str, str]) -> None:
    """Give each example on the page its true label, as somebody does who knows."""
    process = start("--collected", "--port", "0", "--reviewer", "Ada")
    try:
        _, url = url_of(process)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
            )
            page = browser.new_page()
            page.goto(url)
            for number in range(NUM_DECIDED):
                expect(page.locator("#skip")).to_be_enabled(timeout=30_000)
                expect(page.locator("#id")).not_to_have_text("")
                id = page.locator("#id").inner_text()
                page.click(f"#choices button >> nth={CLASSES.index(truths[id])}")
                expect(page.locator("#counts")).to_have_text(
                    f"{number + 1} of {NUM_DECIDED} decided", timeout=30_000
                )
            expect(page.locator("#saved")).to_have_text("All saved", timeout=30_000)
            browser.close()
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=60)


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
def test_from_an_alarm_to_a_better_model(tmp_path, monkeypatch):
    project = make_clone(tmp_path / "project")
    project.set_params({"epochs": 6, "clean": {"folds": 2, "epochs": 1}})
    project.commit("its own params")
    project.run("dvc repro")
    project.commit("the first model")
    printed = project.run("groundwork promote")
    assert "tagged classifier@v1.0.0" in printed

    images = examples(project)
    clean = images[:NUM_CLEAN]
    drifted = [(inverted(image), label) for image, label in images[NUM_CLEAN:]]
    sent, unseen = drifted[:NUM_DRIFTED], drifted[NUM_DRIFTED + NUM_LATER :]
    later = drifted[NUM_DRIFTED : NUM_DRIFTED + NUM_LATER]
    with serving(project.path, "--keep-contents", "7") as server:
        for image, _ in clean:
            ask(server.url, "/predict", image)
        assert "ALARM" not in project.run("groundwork monitor")
        ids = [ask(server.url, "/predict", image)["id"] for image, _ in sent]
        for id, (_, label) in zip(ids[:NUM_LABELLED], sent, strict=False):
            ask(server.url, "/feedback", json.dumps({"id": id, "label": label}).encode())
    printed = project.run("groundwork monitor", expect=1)
    assert re.search(r"brightness +ALARM since ", printed)
    assert re.search(r"accuracy +unknown: ", printed)
    assert f"of {NUM_LABELLED} answers whose labels came" in printed
    following = printed.splitlines()[-1].removeprefix("next: ")
    project.run(f"{following} --num {NUM_DECIDED}")

    model = open_model(project.path / "models/serving")
    digests = model.prepare([image for image, _ in [*clean, *sent]]).digests
    pairs = zip(digests, [*clean, *sent], strict=True)
    monkeypatch.chdir(project.path)
    decide_in_a_browser({id_of(str(digest)): label for digest, (_, label) in pairs})
    reviews = Path("data/reviews/digits.csv").read_text().splitlines()
    assert len(reviews) == 1 + NUM_DECIDED
    before = accuracy(project, unseen)

    # Labels that no choice of examples has sorted: what was collected is mostly what was wrong.
    with serving(project.path, "--keep-contents", "7") as server:
        for image, label in later:
            told = {"id": ask(server.url, "/predict", image)["id"], "label": label}
            ask(server.url, "/feedback", json.dumps(told).encode())
    project.run("groundwork collect --take --license CC-BY-4.0 --purpose training")
    project.run("dvc add --quiet data/collected/digits.parquet && git add -A data")
    printed = project.run("dvc repro")
    assert f"{NUM_DECIDED} examples are of data/collected/digits.parquet" in printed
    project.commit("what Ada decided")
    after = accuracy(project, unseen)
    assert after > before + 0.1, (before, after)
    sources = read_folder(project.path / "data/clean", ["source", "license"]).to_pylist()
    collected = [row for row in sources if row["source"].startswith("served by ")]
    assert len(collected) >= NUM_DECIDED / 2, "near duplicates of each other go"
    assert {row["license"] for row in collected} == {"CC-BY-4.0"}

    printed = project.run("groundwork promote --by-traffic")
    counts = re.search(r"labelled traffic +PASS +better on (\d+), worse on \d+ of (\d+) ", printed)
    assert counts, printed
    assert NUM_LATER <= int(counts[2]) < NUM_LATER + NUM_LABELLED, "without what it learnt from"
    assert "tagged classifier@v1.1.0 and classifier#production#2" in printed
    project.run(f"dvc artifacts get {project.path} classifier --stage production -o served")
    assert accuracy(project, unseen, "served") == after
