"""Decisions are appended whole whatever else happens to the file, and taken back without harm."""

import os
import signal
import subprocess
import sys
import uuid
from functools import partial
from pathlib import Path

import pytest

from pipeline.dataset.review.decisions import Decision, read_decisions
from pipeline.dataset.review.store import ReviewStore
from pipeline.runtime.errors import ReviewError
from pipeline.targets.opening import open_noise
from tests.support.repository import ROOT

CLASSES = ["cat", "dog", 'a "bird", \r\nor so', "=1+1", "<b>ship</b>"]
CHOICES = open_noise("classes").choices({"classes": CLASSES})
HEADER = "id,given,decision,reviewer,note\n"
A = Decision("a", "cat", "dog", "Ada")
B = Decision("b", "dog", "keep", "Ada", "half hidden")
C = Decision("c", "cat", "drop", "Ada")


@pytest.fixture
def file(here: Path) -> ReviewStore:
    return ReviewStore("pets", CHOICES)


def next_key() -> str:
    return uuid.uuid4().hex


def text(file: ReviewStore) -> str:
    return file.path.read_bytes().decode()


def test_a_new_file_has_a_header_and_whole_lines(file):
    for decision in (A, B, C):
        file.append(next_key(), decision)
    assert text(file) == f"{HEADER}a,cat,dog,Ada,\nb,dog,keep,Ada,half hidden\nc,cat,drop,Ada,\n"
    assert file.decisions() == read_decisions("pets", CHOICES) == {"a": A, "b": B, "c": C}
    assert [path.name for path in file.path.parent.iterdir()] == ["pets.csv"]


@pytest.mark.parametrize(
    "text",
    [
        "a,b",
        'say "no"',
        "two\nlines",
        "old\rmac",
        "\r\n",
        " spaces ",
        "=1+1",
        "<script>",
        "ñ字🦊",
        "\0",
    ],
)
def test_hostile_text_comes_back_as_it_was(file, text):
    decision = Decision(text, text, CLASSES[2], text, text)
    file.append(next_key(), decision)
    file.append(next_key(), A)
    assert read_decisions("pets", CHOICES) == {text: decision, "a": A}
    assert file.remove(decision)
    assert read_decisions("pets", CHOICES) == {"a": A}


def test_a_missing_line_end_is_mended(file):
    file.path.parent.mkdir(parents=True)
    file.path.write_text(f"{HEADER}z,cat,keep,Bo,by hand")
    file.append(next_key(), A)
    assert text(file) == f"{HEADER}z,cat,keep,Bo,by hand\na,cat,dog,Ada,\n"


def test_what_others_wrote_stays_to_the_byte(file):
    file.path.parent.mkdir(parents=True)
    theirs = b'\xef\xbb\xbfid,given,decision,reviewer,note\r\n"z",cat,keep,Bo,"x"\r\n\r\n'
    file.path.write_bytes(theirs)
    file.append(next_key(), A)
    file.append(next_key(), B)
    assert file.remove(A)
    assert file.path.read_bytes() == theirs + b"b,dog,keep,Ada,half hidden\n"
    assert file.remove(B)
    assert file.path.read_bytes() == theirs


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            "id,label\na,cat\n",
            "ERROR data/reviews/pets.csv must have the columns id,given,decision,reviewer,note, "
            "found id,label | fix: mend its first line",
        ),
        (
            f'{HEADER}z,cat,keep,Bo,"half a note',
            "ERROR data/reviews/pets.csv, line 2: unexpected end of data | fix: mend the quotes of "
            "the line",
        ),
        (
            f"{HEADER}z,cat,ke",
            "ERROR data/reviews/pets.csv, line 2 has not five values | fix: mend the line",
        ),
    ],
)
def test_a_broken_file_is_refused_and_left_alone(file, content, message):
    file.append("1", A)  # it was good before
    file.path.write_text(content)
    for action in (partial(file.append, "2"), file.remove):
        with pytest.raises(ReviewError) as caught:
            action(A)
        assert str(caught.value) == message
    assert text(file) == content


def test_a_line_is_taken_back_wherever_it_stands(file):
    for decision in (A, B):
        file.append(next_key(), decision)
    with file.path.open("a") as other:
        other.write("z,cat,keep,Bo,\n")
    assert file.remove(A)
    assert text(file) == f"{HEADER}b,dog,keep,Ada,half hidden\nz,cat,keep,Bo,\n"
    assert not file.remove(A)
    assert file.decisions().keys() == {"b", "z"}


def test_text_in_somebodys_note_is_not_taken_for_a_line(file):
    theirs = Decision("z", "cat", "keep", "Bo", "not\na,cat,dog,Ada,\nthis")
    file.append(next_key(), A)
    file.append(next_key(), theirs)
    assert file.remove(A)
    assert not file.remove(A)
    assert file.decisions() == {"z": theirs}


def test_an_earlier_decision_counts_again(file):
    file.append(next_key(), Decision("a", "cat", "keep", "Bo"))
    file.append(next_key(), A)
    assert file.remove(A)
    assert file.decisions() == {"a": Decision("a", "cat", "keep", "Bo")}


def test_an_editor_that_puts_another_file_in_its_place_loses_nothing(file):
    file.append(next_key(), A)
    edited = file.path.with_suffix(".new")
    edited.write_text(f"{HEADER}z,cat,keep,Bo,\n")
    version = file.version
    edited.replace(file.path)
    file.append(next_key(), B)
    assert text(file) == f"{HEADER}z,cat,keep,Bo,\nb,dog,keep,Ada,half hidden\n"
    assert file.version > version
    assert file.missing([A, B]) == [A]


def test_a_file_that_was_removed_is_made_again_with_what_was_decided(file):
    file.append(next_key(), A)
    file.path.unlink()
    assert file.decisions() == {"a": A}
    file.append(next_key(), B)
    assert text(file) == f"{HEADER}a,cat,dog,Ada,\nb,dog,keep,Ada,half hidden\n"


def test_an_editor_may_change_line_ends(file):
    file.append(next_key(), A)
    file.append(next_key(), B)
    file.path.write_bytes(text(file).rstrip().replace("\n", "\r\n").encode())
    assert file.missing([A, B]) == []
    assert file.remove(B)
    assert file.remove(A)
    assert text(file) == HEADER.replace("\n", "\r\n")


def test_a_full_disk_leaves_no_half_line(here):
    """The limit on the size of files is a disk that fills up in the middle of a line."""
    said = run(
        "import resource, signal\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "file.append(uuid.uuid4().hex, Decision('a', 'cat', 'dog', 'Ada'))\n"
        "size = file.path.stat().st_size + 10\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))\n"
        "try:\n"
        "    file.append(uuid.uuid4().hex, Decision('b', 'cat', 'dog', 'Ada'))\n"
        "except Exception as error:\n"
        "    print(error)\n"
    )
    assert said.communicate()[0] == (
        "ERROR data/reviews/pets.csv cannot be read or written: File too large | fix: see to its "
        "rights and to the space on the disk\n"
    )
    assert (here / "data/reviews/pets.csv").read_text() == f"{HEADER}a,cat,dog,Ada,\n"


def run(code: str) -> "subprocess.Popen[str]":
    """Another process that has a ReviewStore `file`."""
    start = (
        "import uuid\n"
        "from pipeline.dataset.review.store import ReviewStore\n"
        "from pipeline.dataset.review.decisions import Decision\n"
        "from pipeline.targets.opening import open_noise\n"
        "choices = open_noise('classes').choices({'classes': ['cat', 'dog']})\n"
        "file = ReviewStore('pets', choices)\n"
    )
    return subprocess.Popen(
        [sys.executable, "-c", start + code],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )


def test_processes_that_append_and_take_back_at_once_lose_nothing(file):
    code = (
        "for number in range(100):\n"
        "    decision = Decision(f'{NAME}{number}', 'cat', 'dog', 'NAME')\n"
        "    file.append(uuid.uuid4().hex, decision)\n"
        "    if number % 2:\n"
        "        assert file.remove(decision)\n"
    )
    processes = [run(code.replace("{NAME}", name).replace("NAME", name)) for name in "xyz"]
    assert [process.wait() for process in processes] == [0, 0, 0]
    expected = {f"{name}{number}" for name in "xyz" for number in range(0, 100, 2)}
    assert file.decisions().keys() == expected
    assert text(file).count("\n") == 1 + len(expected)


def test_kill_9_leaves_whole_lines_and_what_was_acknowledged(file):
    code = (
        "for number in range(10**6):\n"
        "    file.append(uuid.uuid4().hex, Decision(f'{number}', 'cat', 'dog', 'Ada', 'x' * 300))\n"
        "    print(number, flush=True)\n"
    )
    for upto in (20, 57, 133):
        process = run(code)
        assert process.stdout is not None
        said = [process.stdout.readline() for _ in range(upto)]
        process.send_signal(signal.SIGKILL)
        said += process.stdout.readlines()
        process.wait()
        acknowledged = {line.strip() for line in said if line.endswith("\n")}
        assert len(acknowledged) >= upto
        assert acknowledged <= file.decisions().keys()
        assert text(file).endswith("\n")
        assert all(len(line.split(",")) == 5 for line in text(file).splitlines())
