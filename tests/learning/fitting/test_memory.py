"""A batch that memory is too small for ends training with the size that fits."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from pipeline.learning.batches import Examples
from pipeline.learning.fitting.memory import largest_that_fits, run_in_memory
from pipeline.runtime.errors import TrainingError
from tests.support.repository import ROOT

OF_TORCH = RuntimeError(
    "[enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate memory: "
    "you tried to allocate 536870912 bytes. Error code 12 (Cannot allocate memory)\nmore"
)


def batch_of(num: int) -> Examples:
    return Examples({"x": torch.zeros(num, 4, 4, 1)}, torch.arange(num), torch.ones(num))


def room_for(most: int, tried: list[int], error: BaseException = OF_TORCH):
    def step(batch: Examples) -> None:
        tried.append(len(batch.y))
        if len(batch.y) > most:
            raise error

    return step


@pytest.mark.parametrize(
    "error", [OF_TORCH, MemoryError(), torch.OutOfMemoryError("CUDA out of memory. Tried to …")]
)
def test_the_size_that_fits_is_found_by_halves(error):
    tried: list[int] = []
    assert largest_that_fits(room_for(20, tried, error), batch_of(100)) == 12
    assert tried == [50, 25, 12]


def test_not_even_two_examples_fit():
    tried: list[int] = []
    assert largest_that_fits(room_for(1, tried), batch_of(9)) == 0
    assert tried == [4, 2]


def test_a_batch_that_fits_is_trained_on_once():
    tried: list[int] = []
    run_in_memory(room_for(9, tried), batch_of(9), room_for(9, tried))
    assert tried == [9]


@pytest.mark.parametrize(
    ("room", "fix"),
    [
        (20, "set batch_size: 16, which was tried and fits"),
        (0, "not even two examples fit: take a smaller model, or smaller examples"),
    ],
)
def test_what_the_error_says(room, fix):
    with pytest.raises(TrainingError) as caught:
        run_in_memory(room_for(room, []), batch_of(64), room_for(room, []))
    assert str(caught.value) == (
        "ERROR memory is too small to train on a batch of 64 examples ([enforce fail at "
        "alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate memory: you tried to "
        f"allocate 536870912 bytes. Error code 12 (Cannot allocate memory)) | fix: {fix}"
    )


@pytest.mark.parametrize("error", [RuntimeError("shapes do not match"), KeyError("x")])
def test_another_error_stays_what_it_is(error):
    with pytest.raises(type(error)) as caught:
        run_in_memory(room_for(0, [], error), batch_of(8), room_for(0, [], error))
    assert caught.value is error


def test_a_trial_that_ends_training_for_another_reason_fits():
    end = TrainingError("no finite number", fix="a smaller lr")
    assert largest_that_fits(room_for(0, [], end), batch_of(8)) == 4


# A network of which a batch of 1000 takes about a gigabyte, in half of that; run by itself.
IN_LITTLE_MEMORY = """
import resource
from pathlib import Path
import torch
from torch import nn
from tests.support.toy import Toy
from tests.support.training import every_epoch
from pipeline.runtime.errors import TrainingError

toy = Toy()

def train(num):
    network = nn.Sequential(
        nn.Flatten(), nn.Linear(16, 100_000), nn.ReLU(), nn.Linear(100_000, 4)
    )
    recipe = toy.recipe(epochs=1, batch_size=num)
    toy.fit(network, recipe, every_epoch(toy.examples(num)), None)

torch.set_num_threads(1)
train(2)  # loads what torch loads in its first step
pages = int(Path("/proc/self/statm").read_text().split()[0])
limit = pages * resource.getpagesize() + 500_000_000
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
try:
    train(1000)
except TrainingError as error:
    print(error)
    fits = int(error.fix.removeprefix("set batch_size: ").split(",")[0])
    train(fits)
    print("trained on a batch of", fits)
"""


@pytest.mark.slow  # 10 s
@pytest.mark.skipif(not Path("/proc").exists(), reason="limits its memory as Linux does")
def test_on_a_cpu_that_really_has_too_little_memory():
    run = subprocess.run(
        [sys.executable, "-c", IN_LITTLE_MEMORY],
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    error, trained = run.stdout.splitlines()
    assert error.startswith("ERROR memory is too small to train on a batch of 1000 examples ([enf")
    fits = int(trained.removeprefix("trained on a batch of "))
    assert error.endswith(f"| fix: set batch_size: {fits}, which was tried and fits")
    assert fits in (31, 62, 125, 250)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no CUDA device here")
def test_on_a_gpu_that_really_has_too_little_memory(toy_on_gpu):
    from pipeline.modalities.images.network.networks import build_network
    from tests.support.training import every_epoch

    toy = toy_on_gpu
    images = torch.zeros(4096, 32, 32, 1, dtype=torch.uint8)
    examples = Examples({"x": images}, torch.arange(4096) % 4, torch.ones(4096))

    def train(num: int) -> None:
        some = every_epoch(examples.each(lambda values: values[:num]))
        network = build_network("resnet", (32, 32, 1), 4)
        recipe = toy.recipe(epochs=1, batch_size=num)
        toy.fit(network, recipe, some, None)

    train(8)
    total = torch.cuda.get_device_properties(0).total_memory
    torch.cuda.set_per_process_memory_fraction((torch.cuda.memory_reserved() + 5e8) / total)
    try:
        with pytest.raises(
            TrainingError, match="memory is too small to train on a batch"
        ) as caught:
            train(4096)
        fits = int(caught.value.fix.removeprefix("set batch_size: ").split(",")[0])
        assert 2 <= fits < 4096
        train(fits)
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
