"""`kill -9` at random moments: nothing half-written, no orphan, and the next run makes it good."""

import contextlib
import os
import random
import shutil
import signal
import subprocess
import time
from itertools import cycle
from pathlib import Path

import pytest

from tests.support.repository import QUICK, Repository, environment, make_clone, processes_in

OUTPUTS = {
    "ingest": ["data/raw"],
    "validate": ["data/profile.json", "data/quarantine.csv", "reports/validation.json"],
    "clean": ["data/clean", "data/findings", "reports/labels.json"],
    "augment": ["data/shards"],
    "describe": ["reports/datacard.md", "reports/data", "reports/rows.csv"],
    "train": ["models/model.safetensors", "models/model.json", "models/training.parquet"],
    "export": ["models/serving", "reports/export.json"],
    "evaluate": ["data/evaluation", "reports/metrics.json"],
    "report": ["reports/modelcard.md", "reports/model"],
}
WITHOUT_INDEX = ("models/serving", "reports/data", "reports/model")


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Repository:
    repository = make_clone(tmp_path_factory.mktemp("kill") / "clone")
    repository.set_params(QUICK | {"epochs": 12})
    repository.run("dvc repro --force")
    repository.commit("results")
    return repository


def wait_until_empty(folder: Path) -> None:
    """A stage sees that DVC is dead when it has imported, seconds later on a busy machine."""
    deadline = time.monotonic() + 60
    while processes_in(folder) and time.monotonic() < deadline:
        time.sleep(0.01)


def stage_process(folder: Path, stage: str) -> int | None:
    for pid, command in processes_in(folder).items():
        if command.rstrip().endswith(f"-m pipeline.{stage}"):
            return pid
    return None


def kill_during(repository: Repository, stage: str, victim: str, delay_seconds: float) -> bool:
    """Run the stage and kill -9 the `victim`, `stage` or `dvc`; False when the stage had ended."""
    dvc = subprocess.Popen(
        ["dvc", "repro", "--force", "--single-item", stage],
        cwd=repository.path,
        env=environment() | {"GROUNDWORK_WORKERS": "2"},  # they must end too
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    pid = None
    while pid is None and dvc.poll() is None:
        pid = stage_process(repository.path, stage)
        time.sleep(0.005)
    started = time.monotonic()
    while time.monotonic() - started < delay_seconds and dvc.poll() is None:
        time.sleep(0.005)
    in_time = pid is not None and stage_process(repository.path, stage) == pid
    with contextlib.suppress(ProcessLookupError):
        os.kill(dvc.pid if victim == "dvc" else pid or dvc.pid, signal.SIGKILL)
    dvc.wait()
    return in_time


def check_one_kill(
    repository: Repository, stage: str, victim: str, delay_seconds: float, *, twice: bool
) -> bool:
    """`twice`: also what was deleted is brought back from the cache, and killed once more."""
    reference = repository.digests(*OUTPUTS[stage])
    lock = (repository.path / "dvc.lock").read_bytes()
    models = repository.digests("models")
    # So that models are asked again.
    shutil.rmtree(repository.path / ".groundwork/cache/label_check", ignore_errors=True)
    in_time = kill_during(repository, stage, victim, delay_seconds)

    wait_until_empty(repository.path)
    assert processes_in(repository.path) == {}, "an orphan goes on"
    if in_time:
        assert (repository.path / "dvc.lock").read_bytes() == lock
        for output in OUTPUTS[stage]:
            path = repository.path / output
            if path.is_dir() and output not in WITHOUT_INDEX:
                assert (path / "index.json").exists(), f"{output} is half written"

    if twice:
        repository.run("git checkout -q dvc.lock && dvc checkout --quiet --force")
        assert repository.digests("models") == models
        kill_during(repository, stage, victim, delay_seconds)
    else:
        assert repository.digests("models") == models

    # DVC has cleared the outputs, the stage finds what the killed one left. A dvc.lock that DVC was
    # writing is half of one; `make run` begins with the same.
    repository.run(f"groundwork repair --quiet && dvc repro --force --single-item {stage}")
    assert repository.digests(*OUTPUTS[stage]) == reference
    assert not list(repository.path.rglob("*.partial"))
    left = {path.name for path in repository.path.glob(".groundwork/*")}
    assert left <= {"cache"}
    repository.restore()
    return in_time


@pytest.mark.slow  # 3 minutes with what follows; .ci/run has it
@pytest.mark.skipif(not Path("/proc").exists(), reason="looks for processes in /proc")
@pytest.mark.parametrize(("stage", "victim"), list(zip(OUTPUTS, cycle(["dvc", "stage"]))))
def test_a_kill_at_a_random_moment(finished, stage, victim):
    moment = random.SystemRandom().uniform(0.05, 3.0)
    print(f"killing {victim} {moment:.3f} s into {stage}")  # pytest shows it when this fails
    deletes = stage in ("train", "export")  # as DVC clears outputs that lie in models/
    check_one_kill(finished, stage, victim, moment, twice=deletes)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc").exists(), reason="looks for processes in /proc")
def test_a_stage_whose_dvc_died_while_it_was_importing_does_nothing(finished):
    kill_during(finished, "train", "dvc", delay_seconds=0)
    wait_until_empty(finished.path)
    assert processes_in(finished.path) == {}
    assert not (finished.path / "models/model.safetensors").exists()
    finished.restore()


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc").exists(), reason="looks for processes in /proc")
@pytest.mark.parametrize("victim", ["stage", "dvc"])
@pytest.mark.parametrize("stage", OUTPUTS)
def test_kills_at_many_moments(finished, stage, victim):
    source = random.SystemRandom()
    hits = 0
    for _ in range(5):
        moment = 6.0 * source.random() ** 3  # most are early: some stages take a second
        print(f"killing {victim} {moment:.3f} s into {stage}")
        hits += check_one_kill(finished, stage, victim, moment, twice=True)
    assert hits, "no kill came before the stage had ended"
