"""`kill -9` of the train stage, run by DVC: it goes on where it was, and ends in the same bytes."""

import random
from contextlib import closing
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pipeline.learning.fitting.checkpoint import Checkpoint
from pipeline.runtime.errors import InputChanged
from pipeline.runtime.stage import Stage
from pipeline.train import __main__ as train
from pipeline.train.params import train_params
from tests.support.repository import Repository
from tests.support.trainable_clone import (
    BY_DVC,
    EPOCHS,
    GOES_ON,
    STEPS,
    STEPS_PER_EPOCH,
    assert_nothing_half_written,
    dying,
    make_trainable,
)

WRITTEN = [f"models/{name}" for name in ("model.safetensors", "model.json")]
WRITTEN += ["models/baselines.safetensors", "models/training.parquet", "reports/training.json"]


def test_a_checkpoint_stays_until_its_model_is_published(tmp_path, monkeypatch):
    """An input that was edited meanwhile is a way not to get there; a kill is another."""
    clone = make_trainable(tmp_path / "clone")
    monkeypatch.chdir(clone.path)
    with closing(Stage("train", train_params("images", "classes"))) as stage:
        clone.set_params({"lr": 0.5})
        with pytest.raises(InputChanged):
            train.main(stage)
    assert len(list(Path(".groundwork/train").glob("*.pt"))) == 1


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> tuple[Repository, dict[str, str]]:
    """A clone, and the digests of what an undisturbed run in it wrote."""
    clone = make_trainable(tmp_path_factory.mktemp("train") / "clone")
    clone.run(BY_DVC)
    return clone, clone.digests(*WRITTEN)


def kill(clone: Repository, function: str, nth: int) -> str:
    """Have the stage die there; returns what it said before."""
    said = clone.run(f"{BY_DVC} --force", env=dying(function, nth), expect=255)
    assert "exited with -9" in said
    return said


@pytest.mark.slow
def test_kills_at_ten_random_steps(trained):
    clone, undisturbed = trained
    steps = sorted(random.SystemRandom().sample(range(1, STEPS + 1), 10))
    print(f"killed in steps {steps}")  # pytest shows it when this fails
    goes_on_from = 0
    for step in steps:
        said = kill(clone, "TrainingStep.__call__", step - goes_on_from)
        assert (GOES_ON in said) == (goes_on_from > 0)
        assert_nothing_half_written(clone)
        goes_on_from = (step - 1) // STEPS_PER_EPOCH * STEPS_PER_EPOCH
    assert (GOES_ON in clone.run(f"{BY_DVC} --force")) == (goes_on_from > 0)
    assert clone.digests(*WRITTEN) == undisturbed
    assert list(clone.path.glob(".groundwork/*")) == []


def seconds_kept(clone: Repository) -> list[float]:
    """How long each epoch took that a killed run has left behind."""
    (path,) = clone.path.glob(".groundwork/train/*.pt")
    checkpoint = Checkpoint(path.parent, "")
    checkpoint.path = path
    state = checkpoint.load("cpu")
    assert state is not None
    return [row["seconds"] for row in state["speed"]]


@pytest.mark.slow
def test_kills_while_the_model_is_written(trained):
    """Training is over, and no step of it is made again."""
    clone, undisturbed = trained
    said = kill(clone, "save_model", 1)
    assert GOES_ON not in said
    learnt_in = seconds_kept(clone)
    assert len(learnt_in) == EPOCHS
    for function, nth in [
        ("write_json", 1),  # the weights are written
        ("write_history", 1),
        ("Stage.publish", 1),
        ("Path.replace", 1),
        ("Path.replace", 2),  # one output has its name
        ("Checkpoint.clear", 1),
    ]:
        assert GOES_ON in kill(clone, function, nth)
        if nth == 1 and function != "Checkpoint.clear":
            assert_nothing_half_written(clone)
    assert GOES_ON in clone.run(f"{BY_DVC} --force")
    speed = pq.read_table(clone.path / "models/speed.parquet").to_pylist()
    assert [row["seconds"] for row in speed] == learnt_in
    assert clone.digests(*WRITTEN) == undisturbed
    assert list(clone.path.glob(".groundwork/*")) == []
    assert not list(clone.path.rglob("*.partial"))
