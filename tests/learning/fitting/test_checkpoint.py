"""A checkpoint is whole, or it is not there."""

import pickle

import pytest
import torch

from pipeline.learning.fitting import checkpoint as module
from pipeline.learning.fitting.checkpoint import Checkpoint

STATE = {"network": {"w": torch.arange(6.0).view(2, 3)}, "epoch": 3, "history": [{"loss": 0.5}]}


@pytest.fixture
def checkpoint(tmp_path) -> Checkpoint:
    return Checkpoint(tmp_path / "train", "a" * 40)


def test_what_is_saved_is_loaded(checkpoint):
    checkpoint.save(STATE)
    loaded = checkpoint.load("cpu")
    assert torch.equal(loaded["network"].pop("w"), STATE["network"]["w"])
    assert loaded == {"network": {}, "epoch": 3, "history": [{"loss": 0.5}]}


def test_the_last_one_counts_and_nothing_else_is_left(checkpoint):
    checkpoint.save(STATE)
    checkpoint.save(STATE | {"epoch": 4})
    assert checkpoint.load("cpu")["epoch"] == 4
    assert list(checkpoint.folder.iterdir()) == [checkpoint.path]


def test_none_where_none_was_saved(checkpoint):
    assert checkpoint.load("cpu") is None


def test_none_under_another_key(checkpoint):
    checkpoint.save(STATE)
    assert Checkpoint(checkpoint.folder, "b" * 40).load("cpu") is None


def test_none_where_any_byte_is_wrong(checkpoint):
    checkpoint.save(STATE)
    content = checkpoint.path.read_bytes()
    for at in [*range(0, len(content), 37), len(content) - 1]:
        damaged = bytearray(content)
        damaged[at] ^= 1
        checkpoint.path.write_bytes(damaged)
        assert checkpoint.load("cpu") is None, at


def test_none_where_the_end_is_missing(checkpoint):
    checkpoint.save(STATE)
    content = checkpoint.path.read_bytes()
    for length in (0, 1, 31, 32, 33, len(content) - 1):
        checkpoint.path.write_bytes(content[:length])
        assert checkpoint.load("cpu") is None, length


def test_a_checkpoint_can_hold_no_code(checkpoint):
    checkpoint.save({"epoch": print})
    with pytest.raises(pickle.UnpicklingError, match="Weights only load failed"):
        checkpoint.load("cpu")


def test_clear_removes_what_runs_with_other_keys_left_too(checkpoint):
    other = Checkpoint(checkpoint.folder, "b" * 40)
    other.save(STATE)
    checkpoint.save(STATE)
    checkpoint.clear()
    assert (checkpoint.load("cpu"), other.load("cpu")) == (None, None)
    assert not checkpoint.folder.exists()
    checkpoint.clear()  # nothing there is no error


def test_due_some_time_after_the_last_one(checkpoint):
    assert not checkpoint.due()
    checkpoint._saved_at -= module.SAVE_EVERY_SECONDS
    assert checkpoint.due()
    checkpoint.save(STATE)
    assert not checkpoint.due()


def test_always_due_when_it_is_to_be_saved_every_zero_seconds(tmp_path):
    checkpoint = Checkpoint(tmp_path, "key", every_seconds=0)
    checkpoint.save(STATE)
    assert checkpoint.due()


def test_after_an_epoch_what_is_small_is_always_due(checkpoint, monkeypatch):
    assert checkpoint.due(after_epoch=True)
    checkpoint.save({"epoch": 1})
    assert checkpoint.due(after_epoch=True)
    monkeypatch.setattr(module, "SMALL_BYTES", 100)
    assert not checkpoint.due(after_epoch=True)
    checkpoint._saved_at -= module.SAVE_EVERY_SECONDS
    assert checkpoint.due(after_epoch=True)
