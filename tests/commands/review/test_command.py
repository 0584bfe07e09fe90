"""The review command: what it prints, and how it ends."""

import getpass
import json
import shutil
import signal
import socket
import subprocess
import urllib.request
from pathlib import Path

import pytest

from pipeline.dataset.review.decisions import Decision
from pipeline.dataset.review.store import ReviewStore
from tests.support.review_data import queue_of, start, url_of, write_queue


def post(address: str, path: str, values: dict[str, str]) -> None:
    origin, token = address.split("/?token=")
    request = urllib.request.Request(
        f"{origin}{path}",
        json.dumps({"dataset": "pets"} | values).encode(),
        {
            "Origin": origin,
            "Content-Type": "application/json",
            "Authorization": f"token {token}",
        },
    )
    urllib.request.urlopen(request, timeout=10).close()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_what_it_says_first_and_last(pets, number):
    process = start("--port", "0", "--reviewer", "Ada\nL")
    said, address = url_of(process)
    assert said == (
        "review: 5 examples of pets in doubt, 0 decided\n"
        f"review: {address} as Ada L; Ctrl-C ends it\n"
    )
    for id, key in ("a", "1"), ("b", "2"), ("c", "3"):
        post(
            address,
            "/api/decide",
            {"key": key, "id": id, "kind": "drop", "label": "", "note": ""},
        )
    post(address, "/api/undo", {"key": "2", "id": "b"})
    process.send_signal(number)
    assert process.communicate(timeout=20)[0] == (
        "\nreview: 2 decisions written to data/reviews/pets.csv; next:\n"
        "  git add data/reviews/pets.csv\n"
        "  dvc repro\n"
    )
    assert process.returncode == 0


def test_nothing_decided(pets):
    process = start("--port", "0")
    url_of(process)
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=20)[0] == "\nreview: nothing was decided\n"
    assert process.returncode == 0


@pytest.mark.parametrize("name", ["Grace H", ""])
def test_the_reviewer_is_who_git_says_else_the_login(pets, name):
    subprocess.run(["git", "init", "-q"], check=True)
    subprocess.run(["git", "config", "user.name", name], check=True)
    process = start("--port", "0")
    said, _ = url_of(process)
    process.kill()
    process.wait()
    assert f" as {name or getpass.getuser()}; Ctrl-C ends it" in said


def test_a_taken_port(pets):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        process = start("--port", str(port))
        assert process.communicate(timeout=20)[0] == (
            f"ERROR port {port} cannot be used: Address already in use | fix: end what uses it, or "
            "take a free one: --port 0\n"
        )
    assert process.returncode == 1


@pytest.mark.parametrize(
    ("break_it", "message"),
    [
        (
            lambda: shutil.rmtree("data/findings"),
            "ERROR data/findings does not exist | fix: dvc repro clean\n",
        ),
        (
            lambda: Path("data/findings/index.json").unlink(),
            "ERROR data/findings/index.json is missing or broken | fix: run dvc repro again\n",
        ),
        (
            lambda: Path("data/findings/review_queue.parquet").unlink(),
            "ERROR data/findings/review_queue.parquet is damaged: [Errno 2] No such file or "
            "directory: 'data/findings/review_queue.parquet' | fix: groundwork repair --cache "
            "&& dvc repro\n",
        ),
        (
            lambda: Path("data/raw/index.json").unlink(),
            "ERROR data/raw/index.json is missing or broken | fix: run dvc repro again\n",
        ),
        (
            lambda: (Path("data/reviews").mkdir(), Path("data/reviews/pets.csv").write_text("x\n")),
            "ERROR data/reviews/pets.csv must have the columns id,given,decision,reviewer,note, "
            "found x | fix: mend its first line\n",
        ),
    ],
    ids=["findings", "index", "queue", "raw", "reviews"],
)
def test_what_is_missing_or_broken_is_said(pets, break_it, message):
    break_it()
    process = start("--port", "0")
    assert process.communicate(timeout=20)[0] == message
    assert process.returncode == 1


def test_data_of_another_version_are_refused(pets):
    queue = queue_of([{"id": "new", "given": "cat", "proposed": "dog"}])
    write_queue(pets, queue, ["cat"])
    process = start("--port", "0")
    assert process.communicate(timeout=20)[0] == (
        "ERROR data/findings has 1 examples that data/raw has not, first: new | fix: dvc repro "
        "clean\n"
    )


def test_data_of_another_modality_are_refused(pets):
    write_queue(pets, queue_of([]), ["cat"], modality="text")
    process = start("--port", "0")
    assert process.communicate(timeout=20)[0] == (
        "ERROR data/findings is of modality text, params.yaml has images | fix: dvc repro clean\n"
    )


def test_it_says_what_came_back_and_that_head_is_on_no_branch(pets):
    Path(".gitignore").write_text(".groundwork/\n")
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b.c"]
    for arguments in (["init", "-q"], ["add", ".gitignore"], ["commit", "-qm", "one"]):
        subprocess.run([*git, *arguments], check=True)
    ReviewStore("pets").append("1", Decision("a", "cat", "dog", "Ada", ""))
    Path("data/reviews/pets.csv").unlink()
    subprocess.run([*git, "checkout", "-q", "--detach"], check=True)
    process = start("--port", "0")
    said, _ = url_of(process)
    assert said.startswith("review: 5 examples of pets in doubt, 1 decided\n")
    assert process.stdout is not None
    assert process.stdout.readline() + process.stdout.readline() == (
        "review: 1 decision written into data/reviews/pets.csv again, from "
        ".groundwork/reviews-pets.journal\n"
        "review: HEAD is on no branch, as a killed `dvc exp run` leaves it; groundwork repair says "
        "the way back\n"
    )
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=20)[0] == "\nreview: nothing was decided\n"
