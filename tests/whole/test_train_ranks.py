"""Two processes train the model of the stage: one of them writes, and none outlives another."""

import contextlib
import os
import pty
import random
import re
import subprocess
import termios
import time
from pathlib import Path

import pytest
import torch

from tests.support.repository import Repository, environment, processes_in
from tests.support.trainable_clone import (
    BY_DVC,
    BY_TORCHRUN,
    GOES_ON,
    LEARNT,
    STEPS,
    STEPS_PER_EPOCH,
    assert_nothing_half_written,
    dying,
    make_trainable,
)

pytestmark = [
    pytest.mark.slow,  # two minutes for all
    pytest.mark.skipif(
        not torch.distributed.is_available(), reason="torch was built without distributed"
    ),
    pytest.mark.skipif(not Path("/proc").exists(), reason="looks for processes in /proc"),
]

HEAD = "train: resnet, 307,171 parameters, 40 examples, on cpu in fp32, 2 processes\n"
KILLED = (
    "ERROR process {} of 2 was ended by signal 9; if nobody did, most likely for want of memory | "
    "fix: run it again, which goes on where it was, or set a smaller train.processes\n"
)


@pytest.fixture(scope="module")
def clone(tmp_path_factory) -> Repository:
    clone = make_trainable(tmp_path_factory.mktemp("ranks") / "clone")
    clone.set_params({"train": {"device": "cpu", "precision": "fp32"}})
    clone.commit("small")
    return clone


@pytest.fixture(scope="module")
def shown(clone) -> str:
    """What a person sees in a terminal in which torchrun trains, undisturbed."""
    clone.run("git checkout -q .")  # an earlier test may have left other params
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(ours, (24, 100))
    with subprocess.Popen(
        BY_TORCHRUN,
        shell=True,
        cwd=clone.path,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
    ) as process:
        os.close(theirs)
        parts = []
        with contextlib.suppress(OSError):  # which Linux raises at the end
            while part := os.read(ours, 1 << 16):
                parts.append(part)
    os.close(ours)
    text = b"".join(parts).decode().replace("\r\n", "\n")
    assert process.returncode == 0, text
    return text


@pytest.fixture(scope="module")
def undisturbed(clone, shown) -> dict[str, str]:
    return clone.digests(*LEARNT)


def with_two(clone: Repository) -> None:
    """Back to what was committed, but that `train.processes` is 2."""
    clone.run("git checkout -q .")
    clone.set_params({"train": {"processes": 2}})


def test_one_of_the_processes_alone_writes(clone, shown):
    assert shown.count(HEAD) == shown.count("train: best epoch ") == 1
    assert "| 240/240 [" in shown
    assert len(re.findall(r"\r {40,}\r", shown)) == 1  # a progress bar that clears its line
    for curve in (clone.path / "dvclive/plots/metrics").iterdir():
        assert [line.split()[0] for line in curve.read_text().splitlines()[1:]] == list("012345")
    assert not list(clone.path.rglob("*.partial"))
    assert list(clone.path.glob(".groundwork/*")) == []


def test_a_killed_process_ends_all_and_the_next_run_goes_on(clone, undisturbed, tmp_path):
    with_two(clone)
    lock = clone.path / "dvc.lock"
    before, temporary = lock.read_bytes(), {"TMPDIR": str(tmp_path)}
    step = random.SystemRandom().randrange(STEPS_PER_EPOCH + 1, STEPS + 1)
    print(f"killing rank 1 in step {step}")  # pytest shows it when this fails
    kill = dying("TrainingStep.__call__", step, rank=1)
    said = clone.run(BY_DVC, env=kill | temporary, expect=255)
    assert processes_in(clone.path) == {}
    assert said.count(HEAD) == said.count(KILLED.format(1)) == said.count("ERROR ") == 1
    assert "Traceback" not in said
    assert lock.read_bytes() == before
    assert_nothing_half_written(clone)
    assert not list(clone.path.rglob("*.partial"))

    said = clone.run(BY_DVC, env=temporary)
    assert said.count(HEAD) == said.count(GOES_ON) == said.count("train: best epoch ") == 1
    assert clone.digests(*LEARNT) == undisturbed
    assert list(clone.path.glob(".groundwork/*")) == []
    assert list(tmp_path.glob("torchelastic*")) == []  # which torchrun leaves after each run


REFUSED = {
    "ERROR params.yaml: train.finetune is head, but train.weights is none, so that frozen or slow "
    "layers would have learnt nothing | fix: set train.weights, or train.finetune: all\n": {
        "train": {"finetune": "head"}
    },
    "ERROR batch_size is 3, which 2 processes share: each needs two examples | fix: set "
    "batch_size: 4 at least, or start fewer processes\n": {"batch_size": 3},
}


@pytest.mark.parametrize(
    "error",
    # The second is met by both processes, which takes them ten seconds.
    [pytest.param(error, marks=[pytest.mark.slow] * at) for at, error in enumerate(REFUSED)],
)
def test_a_refusal_is_one_line_of_train_processes(clone, error):
    with_two(clone)
    clone.set_params(REFUSED[error])
    assert clone.run("python -m pipeline.train", expect=1) == error


@pytest.mark.parametrize("error", REFUSED)
def test_a_refusal_is_one_line_above_the_report_of_torchrun(clone, error):
    """It is also what that report says of the cause."""
    clone.run("git checkout -q .")
    clone.set_params(REFUSED[error])
    said = clone.run(BY_TORCHRUN, expect=1)
    assert said.splitlines().count(error.strip()) == 1
    assert said.splitlines()[-2] == f"  traceback : {error.strip()}"
    assert processes_in(clone.path) == {}


def test_torchrun_after_the_first_process_was_killed(clone, undisturbed):
    clone.run("git checkout -q . && rm models/model.*")
    step = random.SystemRandom().randrange(STEPS_PER_EPOCH + 1, STEPS + 1)
    print(f"killing rank 0 in step {step}")
    clone.run(BY_TORCHRUN, env=dying("TrainingStep.__call__", step, rank=0), expect=1)
    assert processes_in(clone.path) == {}
    assert not (clone.path / "models/model.safetensors").exists()
    said = clone.run(BY_TORCHRUN)
    assert said.count(GOES_ON) == said.count("train: best epoch ") == 1
    assert clone.digests(*LEARNT) == undisturbed


@pytest.mark.parametrize("rank", [0, 1])
def test_none_goes_on_when_dvc_is_killed(clone, undisturbed, rank):
    with_two(clone)
    kill = dying("TrainingStep.__call__", 2 * STEPS_PER_EPOCH, rank=rank, who="dvc")
    clone.run(f"exec {BY_DVC} --force", env=kill, expect=-9)
    waited = time.monotonic() + 10
    while processes_in(clone.path) and time.monotonic() < waited:
        time.sleep(0.01)
    assert processes_in(clone.path) == {}
    assert_nothing_half_written(clone)
    clone.run(f"{BY_DVC} --force")
    assert clone.digests(*LEARNT) == undisturbed
