"""Training ends in the same bits however often it dies and starts again."""

import itertools
import math
from collections.abc import Iterable
from pathlib import Path

import pytest

from pipeline.learning.fitting.checkpoint import Checkpoint
from pipeline.learning.fitting.loop import Fit
from tests.support.training import assert_same_weights, contrary, every_epoch, train


class Killed(Exception):
    pass


class Dying(Checkpoint):
    """A checkpoint after whose n-th save the process is gone."""

    def __init__(self, folder: Path, saves: int, every_seconds: float = 0) -> None:
        super().__init__(folder, "key", every_seconds)
        self.saves = saves

    def save(self, state: dict) -> None:
        super().save(state)
        self.saves -= 1
        if self.saves == 0:
            raise Killed


def die_and_resume(toy, folders: Iterable[Path], every_seconds: float) -> int:
    """Runs in each folder, killed after a save and then resumed, are as if undisturbed.

    Returns how many were killed. A resumed run starts from other weights, which must not show.
    """
    undisturbed, expected = train(toy)
    for number, folder in enumerate(folders):
        try:
            train(toy, told={"checkpoint": Dying(folder, 1 + number, every_seconds)})
        except Killed:
            pass
        else:
            return number
        rows = []
        network, fitted = train(
            toy, 99, {"checkpoint": Checkpoint(folder, "key"), "on_epoch": rows.append}
        )
        assert_same_weights(network, undisturbed)
        assert fitted.history == rows == expected.history
        assert fitted.best_epoch == expected.best_epoch
    raise AssertionError("too few folders")


def test_killed_after_any_epoch(toy, tmp_path):
    folders = (tmp_path / str(number) for number in itertools.count())
    assert die_and_resume(toy, folders, every_seconds=1000) == 3


def test_killed_after_any_step(toy, tmp_path):
    folders = (tmp_path / str(number) for number in itertools.count())
    assert die_and_resume(toy, folders, every_seconds=0) >= 12


def test_killed_again_and_again(toy, tmp_path):
    undisturbed, expected = train(toy)
    for deaths in itertools.count():
        try:
            network, fitted = train(toy, deaths, {"checkpoint": Dying(tmp_path, 1)})
            break
        except Killed:
            assert deaths < 20, "a resumed run makes no progress"
    assert deaths >= 12
    assert_same_weights(network, undisturbed)
    assert fitted.history == expected.history


def test_interrupted_in_the_middle_of_an_epoch(toy, tmp_path):
    """What was trained on since the last checkpoint is trained on again, and nothing twice."""
    heard = []

    def interrupt(num_examples: int) -> None:
        heard.append(num_examples)
        if sum(heard) == 33 + 24:  # the third batch of the second epoch
            raise KeyboardInterrupt

    undisturbed, _ = train(toy)
    with pytest.raises(KeyboardInterrupt):
        train(toy, 0, {"checkpoint": Checkpoint(tmp_path, "key", 0), "on_step": interrupt})
    resumed, fitted = train(toy, 99, {"checkpoint": Checkpoint(tmp_path, "key")})
    assert_same_weights(resumed, undisturbed)
    assert fitted.num_examples == 3 * 33 - 33 - 16
    assert [row["num_examples"] for row in fitted.speed] == [33, 33 - 16, 33]


def test_a_finished_run_is_not_trained_again(toy, tmp_path):
    undisturbed, expected = train(toy, 0, {"checkpoint": Checkpoint(tmp_path, "key")})
    steps = []
    network, fitted = train(
        toy, 99, {"checkpoint": Checkpoint(tmp_path, "key"), "on_step": steps.append}
    )
    assert_same_weights(network, undisturbed)
    assert (fitted.history, fitted.best_epoch) == (expected.history, expected.best_epoch)
    assert (steps, fitted.num_examples) == ([], 0)


def test_a_damaged_checkpoint_is_ignored(toy, tmp_path):
    undisturbed, _ = train(toy, 0, {"checkpoint": Checkpoint(tmp_path, "key")})
    path = Checkpoint(tmp_path, "key").path
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    network, fitted = train(toy, 0, {"checkpoint": Checkpoint(tmp_path, "key")})
    assert fitted.num_examples == 3 * 33
    assert_same_weights(network, undisturbed)


def test_early_stopping_is_remembered(toy, tmp_path):
    def run() -> Fit:
        return toy.fit(
            toy.network(),
            toy.recipe(epochs=10, patience=1),
            every_epoch(toy.examples(100)),
            contrary(toy.examples(50, seed=1)),
            checkpoint=Checkpoint(tmp_path, "key"),
        )

    first, second = run(), run()
    assert len(first.history) == 2
    assert second.history == first.history
    assert second.num_examples == 0
    assert math.isfinite(first.history[-1]["val_loss"])
