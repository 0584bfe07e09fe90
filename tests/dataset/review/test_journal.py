"""What git, DVC and kills take out of data/reviews comes back from the journal."""

import json
import os
import subprocess
import uuid
from pathlib import Path

import pytest

from pipeline.dataset.review.decisions import Decision, read_decisions
from pipeline.dataset.review.journal import as_bytes, decided, journal_path
from pipeline.dataset.review.settling import settle_all
from pipeline.dataset.review.store import ReviewStore
from pipeline.dataset.review.versions import DVC_LOCK, left_alone_by_dvc
from pipeline.targets.opening import open_noise

CHOICES = open_noise("classes").choices({"classes": ["cat", "dog"]})
HEADER = "id,given,decision,reviewer,note\n"
FILE = Path("data/reviews/pets.csv")
A = Decision("a", "cat", "dog", "Ada")
B = Decision("b", "dog", "keep", "Ada", 'two,\n"lines"')
C = Decision("c", "cat", "drop", "Ada")
OF_A = Decision("a", "cat", "keep", "Ada")


def git(*arguments: str) -> str:
    return subprocess.run(
        ["git", "-c", "user.name=a", "-c", "user.email=a@b.c", *arguments],
        check=True,
        capture_output=True,
        text=True,
    ).stdout


@pytest.fixture
def repository(here: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository whose file of decisions has one line."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    git("init", "-q", "-b", "main")
    Path(".gitignore").write_text("/.groundwork/\n/.dvc/\n")
    FILE.parent.mkdir(parents=True)
    FILE.write_text(f"{HEADER}z,cat,keep,Bo,\n")
    git("add", ".")
    git("commit", "-qm", "one")
    return here


def store() -> ReviewStore:
    """As another process would have it."""
    return ReviewStore("pets", CHOICES)


def decide(*decisions: Decision) -> None:
    file = store()
    for decision in decisions:
        file.append(uuid.uuid4().hex, decision)


def lines() -> list[str]:
    return FILE.read_text().removeprefix(HEADER).splitlines()


TAKEN_BY = {
    "checkout": [["checkout", "-q", "--", str(FILE)]],
    "reset": [["reset", "-q", "--hard"]],
    "stash": [["stash", "-q"]],
    "stash of new files": [["rm", "-q", "--cached", str(FILE)], ["stash", "-q", "-u"]],
    "branch": [["stash", "-q"], ["switch", "-qc", "other"]],
    "clean": [["rm", "-qf", "--cached", str(FILE)], ["clean", "-qfd"]],
}


@pytest.mark.parametrize("how", TAKEN_BY)
def test_what_git_takes_out_comes_back(repository, how):
    decide(A, B, C)
    before = FILE.read_text()
    for command in TAKEN_BY[how]:
        git(*command)
    assert not FILE.exists() or FILE.read_text() != before
    assert settle_all() == [
        f"3 decisions written into {FILE} again, from .groundwork/reviews-pets.journal"
    ]
    expected = {"a": A, "b": B, "c": C}
    assert read_decisions("pets", CHOICES).items() >= expected.items()
    assert settle_all() == []


def test_the_order_in_which_was_decided_stays(repository):
    decide(A)
    git("add", str(FILE))
    git("stash", "-q", "--keep-index")
    decide(OF_A)
    FILE.write_text(f"{HEADER}z,cat,keep,Bo,\na,cat,keep,Ada,\n")  # the later one alone
    git("add", str(FILE))
    settle_all()
    assert lines() == ["z,cat,keep,Bo,", "a,cat,dog,Ada,", "a,cat,keep,Ada,"]


def test_undo_holds_when_git_brings_the_line_back(repository):
    decide(A, B)
    git("stash", "-q")
    assert store().remove(A)
    git("checkout", "-q", "--", str(FILE))
    git("stash", "pop", "-q")
    settle_all()
    assert read_decisions("pets", CHOICES).keys() == {"z", "b"}


def test_undo_of_a_committed_decision_holds(repository):
    decide(A)
    git("commit", "-qam", "two")
    settle_all()
    assert store().remove(A)
    git("checkout", "-q", "--", str(FILE))
    settle_all()
    assert lines() == ["z,cat,keep,Bo,"]
    git("commit", "-qam", "three")
    settle_all()
    assert journal_path("pets").read_bytes() == b""


def test_the_same_decision_twice_is_two_lines(repository):
    decide(A, OF_A, A)
    git("checkout", "-q", "--", str(FILE))
    settle_all()
    assert lines()[1:] == ["a,cat,dog,Ada,", "a,cat,keep,Ada,", "a,cat,dog,Ada,"]
    assert store().remove(A)
    assert lines()[1:] == ["a,cat,dog,Ada,", "a,cat,keep,Ada,"]
    settle_all()
    assert lines()[1:] == ["a,cat,dog,Ada,", "a,cat,keep,Ada,"]


def test_lines_leave_the_journal_when_a_branch_has_them(repository):
    decide(A)
    settle_all()
    assert journal_path("pets").stat().st_size
    git("add", str(FILE))  # which is no commit
    settle_all()
    assert journal_path("pets").stat().st_size
    git("switch", "-qc", "mine")
    git("commit", "-qam", "two")
    git("switch", "-q", "main")
    settle_all()
    assert journal_path("pets").read_bytes() == b""
    assert lines() == ["z,cat,keep,Bo,"]  # they are on the other branch


def test_a_commit_on_no_branch_does_not_count(repository):
    git("checkout", "-q", "--detach")
    decide(A)
    git("commit", "-qam", "two")
    settle_all()
    assert journal_path("pets").stat().st_size
    git("switch", "-q", "main")
    settle_all()
    assert lines() == ["z,cat,keep,Bo,", "a,cat,dog,Ada,"]


def test_a_line_that_was_committed_before_and_is_decided_again(repository):
    """The file has the same line already, so that the commit does not hold the second one."""
    decide(A)
    git("commit", "-qam", "two")
    settle_all()
    decide(OF_A, A)
    settle_all()
    git("checkout", "-q", "--", str(FILE))
    settle_all()
    assert lines()[1:] == ["a,cat,dog,Ada,", "a,cat,keep,Ada,", "a,cat,dog,Ada,"]


def test_what_a_person_corrects_by_hand_stays_corrected(repository):
    decide(A, B)
    FILE.write_text(FILE.read_text().replace("a,cat,dog,Ada,", "a,cat,drop,Bo,torn"))
    corrected = FILE.read_text()
    told = [
        "1 decision of .groundwork/reviews-pets.journal that somebody took out of "
        f"{FILE}: groundwork review asks what to do"
    ]
    assert settle_all() == told
    git("commit", "-qam", "two")
    assert settle_all() == told
    assert FILE.read_text() == corrected


def test_what_a_person_takes_out_is_asked_about(repository):
    decide(A, C)
    FILE.write_text(f"{HEADER}z,cat,keep,Bo,\nc,cat,drop,Ada,\n")
    [entry] = store().withheld()
    assert entry.decision == A
    assert lines() == ["z,cat,keep,Bo,", "c,cat,drop,Ada,"]
    store().write_again(entry.key, A)
    assert lines() == ["z,cat,keep,Bo,", "c,cat,drop,Ada,", "a,cat,dog,Ada,"]
    FILE.write_text(f"{HEADER}z,cat,keep,Bo,\nc,cat,drop,Ada,\n")
    store().remove(A)
    assert store().withheld() == []
    assert lines() == ["z,cat,keep,Bo,", "c,cat,drop,Ada,"]


def test_a_key_is_one_decision(repository):
    """The page sends again what it has no answer to, to a server that was started again."""
    for _ in range(2):
        store().append("key", A)
    assert lines() == ["z,cat,keep,Bo,", "a,cat,dog,Ada,"]


@pytest.mark.parametrize("cut", range(1, 60, 7))
def test_a_kill_in_the_middle_of_the_journal(repository, cut):
    decide(A)
    journal = journal_path("pets")
    size = journal.stat().st_size
    decide(B)
    with journal.open("r+b") as file:
        file.truncate(size + cut)
    FILE.write_text(f"{HEADER}z,cat,keep,Bo,\na,cat,dog,Ada,\n")
    assert store().decisions().keys() == {"z", "a"}
    decide(C)
    assert store().decisions().keys() == {"z", "a", "c"}
    git("checkout", "-q", "--", str(FILE))
    settle_all()
    assert lines() == ["z,cat,keep,Bo,", "a,cat,dog,Ada,", "c,cat,drop,Ada,"]


def test_a_kill_between_the_journal_and_the_file(repository):
    decide(A)
    with journal_path("pets").open("ab") as file:
        file.write(as_bytes(decided("key", C, 1, "")))
    settle_all()
    assert lines() == ["z,cat,keep,Bo,", "a,cat,dog,Ada,", "c,cat,drop,Ada,"]


def test_damaged_lines_are_passed_over_and_counted(repository):
    decide(A, C)
    journal = journal_path("pets")
    journal.write_bytes(journal.read_bytes().replace(b"Ada", b"Eva", 1))
    FILE.unlink()
    assert settle_all() == [
        f"1 decision written into {FILE} again, from .groundwork/reviews-pets.journal",
        "1 line of .groundwork/reviews-pets.journal damaged, and passed over",
    ]
    assert lines() == ["c,cat,drop,Ada,"]


def begin_experiment(pid: int) -> None:
    """What DVC leaves in the workspace while `dvc exp run` has it."""
    workspace = Path(".dvc/tmp/exps/run/workspace")
    workspace.mkdir(parents=True, exist_ok=True)
    (workspace / "workspace.json").write_text(json.dumps({"pid": pid, "stdin": None}))
    git("update-ref", "refs/exps/exec/EXEC_BASELINE", "HEAD")


def test_the_file_waits_while_an_experiment_runs(repository):
    decide(A)
    file = store()
    process = subprocess.Popen(["sleep", "100"])
    begin_experiment(process.pid)
    git("checkout", "-q", "--", str(FILE))
    file.append("b", B)
    file.append("c", C)
    assert file.remove(C)
    assert lines() == ["z,cat,keep,Bo,"]
    assert file.decisions().keys() == store().decisions().keys() == {"z", "a", "b"}
    assert file.num_waiting() == store().num_waiting() > 0
    process.kill()
    process.wait()
    assert file.num_waiting() == 0
    assert read_decisions("pets", CHOICES).keys() == {"z", "a", "b"}


def test_what_a_killed_experiment_left_holds_nothing_up(repository):
    process = subprocess.Popen(["true"])
    process.wait()
    begin_experiment(process.pid)
    decide(A)
    assert lines() == ["z,cat,keep,Bo,", "a,cat,dog,Ada,"]
    os.utime(".dvc/tmp/exps/run/workspace/workspace.json", (0, 0))
    begin_experiment(os.getpid())  # the number is another's by now
    os.utime(".dvc/tmp/exps/run/workspace/workspace.json", (0, 0))
    decide(B)
    assert read_decisions("pets", CHOICES).keys() == {"z", "a", "b"}


def test_the_lock_of_dvc_is_respected(repository):
    DVC_LOCK.parent.mkdir(parents=True)
    DVC_LOCK.write_text("")
    with left_alone_by_dvc() as first, left_alone_by_dvc() as second:
        assert first
        assert not second
        decide(A)
        assert lines() == ["z,cat,keep,Bo,"]
    settle_all()
    assert lines() == ["z,cat,keep,Bo,", "a,cat,dog,Ada,"]


def test_without_git_nothing_leaves_the_journal(here):
    decide(A)
    settle_all()
    FILE.unlink()
    settle_all()
    assert lines() == ["a,cat,dog,Ada,"]
