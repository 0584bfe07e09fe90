"""Several processes train the network that one would."""

import os
import subprocess
import sys
from itertools import chain

import pytest
import torch

from pipeline.dataset.shards.files import write_shard
from pipeline.learning.batches import permutation
from pipeline.learning.fitting.ranks import ONE_RANK
from tests.support import ranks as worker
from tests.support.repository import ROOT
from tests.support.shards import provenance, write_shard_index
from tests.support.toy import Toy

pytestmark = pytest.mark.skipif(
    not torch.distributed.is_available(), reason="torch was built without distributed"
)


@pytest.fixture(scope="module")
def found(tmp_path_factory) -> list[dict]:
    """What one process finds, then each of two."""
    folder = tmp_path_factory.mktemp("ranks")
    (folder / "shards").mkdir()
    examples = worker.weighted(Toy())
    digest = write_shard(
        folder / "shards/train-00000.parquet",
        {name: values.numpy() for name, values in examples.inputs.items()},
        examples.y.int().numpy(),
        examples.weights.numpy(),
        [f"{number}" for number in range(worker.NUM)],
        0,
        provenance(worker.NUM),
    )
    file = {"name": "train-00000.parquet", "split": "train", "copy": 0, "rows": worker.NUM}
    write_shard_index(
        folder / "shards",
        [file | {"sha256": digest}],
        shape=(4, 4, 1),
        classes=["a", "b", "c", "d"],
        copies=1,
    )
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    run = subprocess.run(
        [*torchrun, "--nproc-per-node=2", worker.__file__, str(folder)],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    of_two = [torch.load(folder / f"rank {rank}.pt") for rank in (0, 1)]
    return [worker.results(ONE_RANK, folder), *of_two]


RUNS = ["sgd", "muon", "batch norm", "unfrozen", "streamed"]
RESUMED = ["batch norm", "streamed"]


@pytest.mark.parametrize("name", RUNS)
def test_all_ranks_end_with_the_same(found, name):
    _, first, second = found
    weights, others = first[name]["weights"], second[name]["weights"]
    assert list(weights) == list(others)
    assert [key for key in weights if not torch.equal(weights[key], others[key])] == []
    assert first[name]["history"] == second[name]["history"]
    assert first[name]["num"] == second[name]["num"] == 3 * worker.NUM


@pytest.mark.parametrize("name", ["sgd", "unfrozen"])
def test_without_batch_norm_the_result_is_that_of_one_process(found, name):
    """Of weighted examples, in batches that do not halve evenly, augmented."""
    alone, first, _ = found
    for key, expected in alone[name]["weights"].items():
        torch.testing.assert_close(first[name]["weights"][key], expected, rtol=1e-5, atol=1e-6)
    for row, expected_row in zip(first[name]["history"], alone[name]["history"], strict=True):
        assert row == pytest.approx(expected_row, rel=1e-5)


@pytest.mark.parametrize("name", RUNS)
def test_what_is_learnt_is_much_the_same(found, name):
    """Batch norm sees half a batch, so not the same."""
    alone, first, _ = found
    for one, two in zip(alone[name]["history"], first[name]["history"], strict=True):
        assert one["lr"] == two["lr"]
        assert one["train_loss"] == pytest.approx(two["train_loss"], rel=0.3)


def test_whitening_is_by_the_same_images(found):
    alone, first, _ = found
    key = "whitening.weight"
    torch.testing.assert_close(first["muon"]["weights"][key], alone["muon"]["weights"][key])


def test_ranks_train_on_each_example_once_an_epoch_in_the_batches_of_one_process(found):
    alone, first, second = (ours["given"] for ours in found)
    assert [a + b for a, b in zip(first, second, strict=True)] == alone
    weights = worker.weighted(Toy()).weights
    for epoch in range(3):
        batches = alone[epoch * 6 : epoch * 6 + 6]
        order = permutation(worker.NUM, Toy().recipe().seed, epoch)
        assert list(chain(*batches)) == weights[order].tolist()


@pytest.mark.parametrize("name", RESUMED)
@pytest.mark.parametrize("who", [0, 1, 2])
def test_a_resumed_run_ends_in_the_same_bits(found, name, who):
    resumed, undisturbed = found[who][f"{name}, resumed"], found[who][name]
    for key, expected in undisturbed["weights"].items():
        assert torch.equal(resumed["weights"][key], expected), key
    assert resumed["history"] == undisturbed["history"]
    assert resumed["num"] < undisturbed["num"]
