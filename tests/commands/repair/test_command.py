"""After `repair` DVC works again, whatever a kill has left; what is whole stays as it is."""

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pipeline.dataset.review.decisions import Decision
from pipeline.dataset.review.store import ReviewStore
from tests.support.marks import slow
from tests.support.repository import Repository, environment, make_clone

DVC_YAML = """\
stages:
  letters:
    cmd: echo a > letters.txt
    params: [seed]
    outs: [letters.txt]
  wait:
    cmd: cat pipe > waited.txt
    params: [seed]
    deps: [letters.txt]
    outs: [waited.txt]
    metrics:
    - reports/waited.json: {cache: false}
"""
QUICK_WAIT = "echo 1 > reports/waited.json; echo b > waited.txt"
WRONG = "repair: nothing was wrong\n"
RWLOCK = ".dvc/tmp/rwlock"
GONE = 4_194_305
"""Greater than any number that a process of Linux has."""


@pytest.fixture(scope="module")
def once(tmp_path_factory) -> Repository:
    """A clone with two small stages, run and committed."""
    repository = make_clone(tmp_path_factory.mktemp("repair") / "clone")
    (repository.path / "dvc.yaml").write_text(DVC_YAML.replace("cat pipe > waited.txt", QUICK_WAIT))
    repository.run("rm dvc.lock && dvc repro -q")
    repository.commit("two small stages")
    return repository


@pytest.fixture
def project(once, tmp_path) -> Repository:
    shutil.copytree(once.path, tmp_path / "clone", symlinks=True)
    return Repository(tmp_path / "clone")


def write(repository: Repository, name: str, text: str) -> Path:
    path = repository.path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def read(repository: Repository, name: str) -> str:
    return (repository.path / name).read_text()


def test_nothing_was_wrong(project):
    before = project.digests(".")
    assert project.run("groundwork repair") == WRONG
    assert project.run("groundwork repair --quiet") == ""
    after = project.digests(".")
    locks = {".dvc/tmp/lock", ".dvc/tmp/rwlock.lock"}  # which name the last process
    changed = {name for name in before | after if before.get(name) != after.get(name)}
    assert {name for name in changed if not name.endswith(".pyc")} <= locks


@pytest.mark.parametrize(
    "kept",
    [0.5, *map(slow, (0, 0.02, 0.3, 0.7, 0.9, 0.99))],
)
def test_a_cut_dvc_lock(project, kept):
    whole = read(project, "dvc.lock")
    cut = whole[: int(len(whole) * kept)]
    write(project, "dvc.lock", cut)
    refused = project.run("dvc status >/dev/null 2>&1; echo $?") != "0\n"
    printed = project.run("groundwork repair")
    if refused:
        assert printed == "repair: dvc.lock was cut; brought back that of the last commit\n"
        assert read(project, "dvc.lock") == whole
    else:  # DVC runs again what is not in it
        assert printed == WRONG
        assert read(project, "dvc.lock") == cut
    project.run("dvc repro -q")
    assert read(project, "dvc.lock") == whole


def test_dvc_refuses_a_cut_dvc_lock(project):
    """Else this command is not needed."""
    write(project, "dvc.lock", "")
    project.run("dvc repro", expect=255)


@pytest.mark.parametrize(
    "text",
    [
        "<<<<<<< HEAD\nschema: '2.0'\n=======\n",
        *map(slow, ("garbage: [", "null")),
    ],
)
def test_a_dvc_lock_that_no_commit_has_whole(project, text):
    write(project, "dvc.lock", text)
    project.run("git checkout -q -b broken && git add -f dvc.lock && git commit -q -m broken")
    assert project.run("groundwork repair") == (
        "repair: dvc.lock was cut, and no commit has it whole; "
        "removed it, dvc repro writes it again\n"
    )
    assert not (project.path / "dvc.lock").exists()
    project.run("dvc repro -q")
    assert "schema: '2.0'" in read(project, "dvc.lock")


def test_without_git(project, tmp_path):
    copied = "dvc.yaml pipeline .dvc params.yaml"
    project.run(f"mkdir {tmp_path}/copy && cp -r {copied} {tmp_path}/copy")
    copy = Repository(tmp_path / "copy")
    write(copy, "dvc.lock", "")
    assert "no commit has it whole" in copy.run("groundwork repair")
    assert copy.run("groundwork repair") == WRONG


CUT = ('{"write": {"/x": {}}}',)
OTHER_CUTS = ("", '{"write": {"a', "[]", '{"write": {"/x": {"pid": "1"}}}')


@pytest.mark.parametrize("text", [*CUT, *map(slow, OTHER_CUTS)])
@pytest.mark.parametrize("place", [RWLOCK, ".dvc/tmp/exps/rwlock"])
def test_a_cut_read_write_lock(project, place, text):
    path = write(project, place, text)
    if place == RWLOCK:
        assert "rwlock" in project.run("dvc repro -f letters", expect=255).lower()
    assert project.run("groundwork repair") == f"repair: {place} was cut; removed it\n"
    assert not path.exists()
    project.run("dvc repro -q -f letters")


def lock(repository: Repository, pid: int, command: str = "/x/bin/dvc repro") -> Path:
    info = {"pid": pid, "cmd": command}
    output = str(repository.path / "letters.txt")
    return write(
        repository, RWLOCK, json.dumps({"write": {output: info}, "read": {output: [info]}})
    )


@contextmanager
def zombie() -> Iterator[int]:
    """A process that is dead and not waited for, as after a kill under a careless parent."""
    process = subprocess.Popen(["true"])
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    yield process.pid
    process.wait()


def dropped(pid: int) -> str:
    return f"repair: {RWLOCK}: dropped the locks of what runs no longer: /x/bin/dvc repro ({pid})\n"


def test_locks_of_the_dead(project):
    path = lock(project, GONE)
    assert project.run("groundwork repair") == dropped(GONE)
    assert json.loads(path.read_text()) == {"write": {}, "read": {}}


def test_locks_of_a_process_that_nobody_has_waited_for(project):
    with zombie() as pid:
        lock(project, pid)
        assert "is busy" in project.run("dvc repro -f letters", expect=255)
        lock(project, pid)
        assert project.run("groundwork repair") == dropped(pid)
        project.run("dvc repro -q -f letters")


@pytest.mark.slow
def test_locks_of_a_process_whose_number_another_has_now(project):
    lock(project, os.getpid())  # these tests are not DVC
    assert project.run("groundwork repair") == dropped(os.getpid())
    path = lock(project, os.getpid(), "python -m pytest")
    os.utime(path, (0, 0))  # the lock is older than this process
    assert "dropped the locks" in project.run("groundwork repair")
    lock(project, os.getpid(), "python -m pytest")
    assert "DVC is at work here" in project.run("groundwork repair")


def test_what_was_never_finished(project):
    for name in (
        "letters.txt.partial",
        "waited.txt.partial/part",
        "reports/waited.json.partial",
        f"params.yaml.{GONE}.partial",
        f"data/reviews/digits.csv.{GONE}.partial",
        f".groundwork/cache/{GONE}.partial",
    ):
        write(project, name, "half")
    stays = [
        write(project, f"data/reviews/digits.csv.{os.getpid()}.partial", "half"),
        write(project, ".groundwork/downloads/pets.tar.partial", "goes on from here"),
        write(project, "my.partial", "no output"),
    ]
    printed = project.run("groundwork repair").splitlines()
    assert printed == [
        "repair: removed letters.txt.partial, which was never finished",
        "repair: removed waited.txt.partial, which was never finished",
        "repair: removed reports/waited.json.partial, which was never finished",
        f"repair: removed .groundwork/cache/{GONE}.partial, which was never finished",
        f"repair: removed data/reviews/digits.csv.{GONE}.partial, which was never finished",
        f"repair: removed params.yaml.{GONE}.partial, which was never finished",
    ]
    assert all(path.exists() for path in stays)


@contextmanager
def at_work(project: Repository) -> Iterator[subprocess.Popen[str]]:
    """`dvc repro` in the stage `wait`, which a pipe keeps there."""
    write(project, "dvc.yaml", DVC_YAML)
    os.mkfifo(project.path / "pipe")
    process = subprocess.Popen(
        ["dvc", "repro"],
        cwd=project.path,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("> cat pipe"):
            break
    try:
        yield process
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()


def test_nothing_is_touched_while_dvc_is_at_work(project):
    with at_work(project) as process:
        pipe = (project.path / "pipe").open("w")  # waits until the stage reads, and so runs
        partial = write(project, "letters.txt.partial", "half")
        write(project, "dvc.lock", "")
        before = read(project, RWLOCK)
        printed = project.run("groundwork repair")
        assert printed.startswith("repair: DVC is at work here, so nothing else was touched: ")
        assert f"({process.pid})" in printed
        assert partial.exists()
        assert (read(project, "dvc.lock"), read(project, RWLOCK)) == ("", before)
    pipe.close()


@pytest.mark.slow  # 8 s
def test_after_a_kill(project):
    with at_work(project) as process:
        os.killpg(process.pid, signal.SIGKILL)
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        write(project, "dvc.lock", read(project, "dvc.lock")[:-70])
        project.run("git checkout -q dvc.yaml")
        project.run("dvc repro", expect=255)
        assert "dropped the locks" in project.run("groundwork repair --quiet")
        project.run("dvc repro -q")
        assert project.run("groundwork repair") == WRONG


def test_a_stage_that_runs_without_dvc(project):
    write(project, "letters.txt.partial", "half")
    process = subprocess.Popen(
        ["bash", "-c", "read; :", "pipeline.ingest"], cwd=project.path, stdin=subprocess.PIPE
    )
    printed = project.run("groundwork repair")
    assert printed == (
        "repair: a stage is at work here, and what it writes was left: "
        f"bash -c read; : pipeline.ingest ({process.pid})\n"
    )
    process.communicate(b"\n")
    assert "removed letters.txt.partial" in project.run("groundwork repair")


@pytest.mark.slow  # 6 s
def test_locks_that_are_hard_links(project):
    project.run("dvc config core.hardlink_lock true && rm -rf .dvc/tmp")
    assert project.run("groundwork repair") == WRONG
    assert not (project.path / ".dvc/tmp/lock").exists()
    project.run("dvc repro -q")
    write(project, ".dvc/tmp/lock", "left by a kill")
    assert project.run("groundwork repair") == (
        "repair: DVC is at work here, so nothing was touched; "
        "if you know that it is not: rm -f .dvc/tmp/*lock .dvc/tmp/exps/*lock\n"
    )
    project.run("rm -f .dvc/tmp/*lock .dvc/tmp/exps/*lock")
    project.run("dvc repro -q")


def test_a_broken_configuration_is_left_to_people(project):
    write(project, ".dvc/config", "[core")
    assert "nothing was touched, since DVC cannot be read: " in project.run("groundwork repair")


def test_make_run_begins_with_it(project):
    """So that it works after every kill."""
    recipe = read(project, "Makefile").split("\nrun: ")[1].splitlines()[1:3]
    assert recipe == ["\t@groundwork repair --quiet", "\t@dvc repro"]


def test_decisions_that_git_took_out_are_brought_back(project, monkeypatch):
    monkeypatch.chdir(project.path)
    file = ReviewStore("digits")
    file.append("key", Decision("0421", "5", "drop", "Ada"))
    file.path.unlink()
    assert project.run("groundwork repair") == (
        "repair: 1 decision written into data/reviews/digits.csv again, from "
        ".groundwork/reviews-digits.journal\n"
    )
    assert file.path.read_text().endswith("0421,5,drop,Ada,\n")
