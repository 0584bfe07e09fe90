"""`kill -9` of a training process at random steps and at the worst moments: the same bytes."""

import random
import signal
from multiprocessing import get_context
from multiprocessing.context import ForkServerContext
from multiprocessing.forkserver import ensure_running
from pathlib import Path

import pytest

from tests.support.killed_training import (
    LIMIT_BYTES,
    STEPS,
    STEPS_PER_EPOCH,
    Death,
    Kill,
    KillWithinWrite,
    Training,
)
from tests.support.marks import slow
from tests.support.repository import ROOT

OUTPUTS = ("model.safetensors", "model.json")
EACH_STEP = Training("small", "muon", 0.1, saved_after=1)
EACH_EPOCH = Training("resnet", "adam", 0.01, saved_after=STEPS_PER_EPOCH)


@pytest.fixture(scope="module")
def processes() -> ForkServerContext:
    """Starts a process in no time, as a copy of one that has imported torch and not used it."""
    context = get_context("forkserver")
    context.set_forkserver_preload(["tests.support.killed_training", "torch._dynamo"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(ROOT))
        ensure_running()
    return context


@pytest.fixture(scope="module")
def undisturbed(processes, tmp_path_factory) -> dict[Training, list[bytes]]:
    found = {}
    for training in (EACH_STEP, EACH_EPOCH):
        folder = tmp_path_factory.mktemp(training.model)
        assert run(processes, training, folder) == 0
        assert steps_of(folder) == list(range(STEPS + 1))
        found[training] = outputs_in(folder)
    return found


def run(processes, training: Training, folder: Path, death: Death | None = None) -> int | None:
    """Exit status of the process, or the signal that ended it, below zero."""
    process = processes.Process(target=training.run, args=(folder, death))
    process.start()
    process.join()
    return process.exitcode


def steps_of(folder: Path) -> list[int]:
    """What the last process went on from, and the steps that it made."""
    return [int(line) for line in (folder / "steps").read_text().split()]


def outputs_in(folder: Path) -> list[bytes]:
    return [(folder / name).read_bytes() for name in OUTPUTS]


@pytest.mark.slow  # 8 s each
@pytest.mark.parametrize("training", [EACH_STEP, EACH_EPOCH], ids=["each step", "each epoch"])
def test_kills_at_ten_random_steps(processes, undisturbed, tmp_path, training):
    steps = sorted(random.SystemRandom().sample(range(1, STEPS + 1), 10))
    print(f"killed after steps {steps}")  # pytest shows it when this fails
    goes_on_from = 0
    for step in steps:
        assert run(processes, training, tmp_path, Kill(step)) == -signal.SIGKILL
        assert steps_of(tmp_path) == list(range(goes_on_from, step + 1))
        assert not (tmp_path / OUTPUTS[0]).exists()
        goes_on_from = (step - 1) // training.saved_after * training.saved_after
    assert run(processes, training, tmp_path) == 0
    assert steps_of(tmp_path) == list(range(goes_on_from, STEPS + 1))
    assert outputs_in(tmp_path) == undisturbed[training]


FIRST, LATER = STEPS_PER_EPOCH, 3 * STEPS_PER_EPOCH  # the last step of an epoch
WORST = [
    # The first checkpoint of all, then one that would have replaced another.
    (EACH_EPOCH, KillWithinWrite(FIRST), 0),
    slow(EACH_EPOCH, KillWithinWrite(LATER), LATER - STEPS_PER_EPOCH),
    slow(EACH_STEP, KillWithinWrite(17), 16),
    slow(EACH_EPOCH, Kill(FIRST, "Path.replace"), 0),
    (EACH_EPOCH, Kill(LATER, "Path.replace"), LATER - STEPS_PER_EPOCH),
    slow(EACH_STEP, Kill(17, "Path.replace"), 16),
    # Between an epoch's last step and its checkpoint.
    (EACH_STEP, Kill(LATER, "score_epoch"), LATER - 1),
    slow(EACH_EPOCH, Kill(LATER, "score_epoch"), LATER - STEPS_PER_EPOCH),
    # All has been learnt, and nothing written.
    slow(EACH_STEP, Kill(STEPS, "Path.replace"), STEPS - 1),
    slow(EACH_STEP, Kill(STEPS, "FineTuning.end"), STEPS),
    (EACH_EPOCH, Kill(STEPS, "save_model"), STEPS),
    slow(EACH_EPOCH, Kill(STEPS, "write_json"), STEPS),
]


@pytest.mark.parametrize(("training", "death", "goes_on_from"), WORST)
def test_a_kill_at_the_worst_moment(
    processes, undisturbed, tmp_path, training, death, goes_on_from
):
    within_write = isinstance(death, KillWithinWrite)
    signalled = signal.SIGXFSZ if within_write else signal.SIGKILL
    assert run(processes, training, tmp_path, death) == -signalled
    assert steps_of(tmp_path)[-1] >= death.step
    if within_write:
        (partial,) = (tmp_path / "checkpoints").glob("*.partial")
        assert partial.stat().st_size == LIMIT_BYTES
    assert run(processes, training, tmp_path) == 0
    expected = list(range(goes_on_from, STEPS + 1)) if goes_on_from < STEPS else []
    assert steps_of(tmp_path) == expected
    assert outputs_in(tmp_path) == undisturbed[training]
