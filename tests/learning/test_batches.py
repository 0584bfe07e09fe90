"""Batches are one pass over the examples, and can begin anywhere in it."""

from itertools import chain, pairwise

import numpy as np
import pytest
import torch

from pipeline.learning.batches import (
    ALONE,
    Examples,
    InMemory,
    RankShare,
    make_examples,
    num_batches,
    on_device,
    permutation,
)
from pipeline.learning.device import Device

CPU = Device("cpu", bf16=False)
SIZES = [(num, batch_size) for num in range(1, 34) for batch_size in (1, 2, 3, 7, 8, 16, 32, 100)]


def numbered(num: int) -> Examples:
    """Examples of two columns that each differ from every other, in each column, y and weight."""
    x = np.arange(num * 2, dtype=np.uint8).reshape(num, 1, 2, 1)
    tokens = np.arange(num * 3, dtype=np.int32).reshape(num, 3)
    return make_examples({"x": x, "tokens": tokens}, np.arange(num), np.arange(num) / 10)


def epoch(num: int, batch_size: int, start: int = 0, share: RankShare = ALONE) -> list[Examples]:
    """The batches of an epoch of numbered examples."""
    source = InMemory(numbered(num), share)
    return list(source.batches(seed=0, epoch=0, batch_size=batch_size, device=CPU, start=start))


def joined(parts: list[Examples]) -> Examples:
    inputs, y, weights = zip(*parts, strict=True)
    columns = {name: torch.cat([each[name] for each in inputs]) for name in inputs[0]}
    return Examples(columns, torch.cat(y), torch.cat(weights))


def tensors(examples: Examples) -> list[torch.Tensor]:
    return [*examples.inputs.values(), examples.y, examples.weights]


def test_make_examples_gives_the_types_that_training_wants():
    examples = make_examples(
        {"x": np.zeros((3, 4, 5, 1), np.uint8)[:, :, ::-1]},
        np.arange(3, dtype=np.int32),
        np.ones(3),
    )
    parts = tensors(examples)
    assert [part.dtype for part in parts] == [torch.uint8, torch.int64, torch.float32]
    assert [tuple(part.shape) for part in parts] == [(3, 4, 5, 1), (3,), (3,)]
    assert examples.num == 3


def test_y_that_is_measured_stays_a_number():
    examples = make_examples({"x": np.zeros((2, 1))}, np.array([0.25, 0.5]), np.ones(2))
    assert examples.y.dtype == torch.float32
    assert examples.y.tolist() == [0.25, 0.5]


@pytest.mark.parametrize("num", [0, 1, 2, 1000])
def test_an_order_is_a_permutation(num):
    assert sorted(permutation(num, 0, 0).tolist()) == list(range(num))


def test_an_order_is_a_function_of_seed_and_epoch():
    orders = {(s, e): tuple(permutation(50, s, e)) for s in range(4) for e in range(4)}
    assert len(set(orders.values())) == 16
    torch.manual_seed(1)
    np.random.seed(1)
    assert tuple(permutation(50, 2, 3)) == orders[2, 3]


def test_an_epoch_has_every_example_once_in_its_order():
    for num, batch_size in SIZES:
        whole = joined(epoch(num, batch_size))
        for part, expected in zip(tensors(whole), tensors(numbered(num)), strict=True):
            assert torch.equal(part, expected[permutation(num, 0, 0)]), (num, batch_size)


def test_batches_are_full_but_for_the_last_which_is_no_single_example():
    for num, batch_size in SIZES:
        *full, last = [len(part.y) for part in epoch(num, batch_size)]
        assert set(full) <= {batch_size}, (num, batch_size)
        assert 1 <= last <= batch_size + 1, (num, batch_size)
        assert last > 1 or num == 1, (num, batch_size)


def test_num_batches_agrees_with_batches():
    for num, batch_size in SIZES:
        assert num_batches(num, batch_size) == len(epoch(num, batch_size)), (num, batch_size)
        assert len(ALONE.batches(num, batch_size)) == num_batches(num, batch_size)


def test_a_later_start_gives_exactly_the_batches_that_remain():
    for num, batch_size in SIZES:
        whole = [part.y.tolist() for part in epoch(num, batch_size)]
        for start in range(len(whole) + 1):
            rest = [part.y.tolist() for part in epoch(num, batch_size, start)]
            assert rest == whole[start:], (num, batch_size, start)


@pytest.mark.parametrize("world_size", [1, 2, 3, 4])
def test_ranks_share_the_batches_that_one_process_would_have(world_size):
    for num, batch_size in SIZES:
        if min(num, batch_size) < 2 * world_size:
            continue
        ranks = [epoch(num, batch_size, 0, RankShare(r, world_size)) for r in range(world_size)]
        shared = [joined(list(parts)).y.tolist() for parts in zip(*ranks, strict=True)]
        assert list(chain(*shared)) == permutation(num, 0, 0).tolist(), (num, batch_size)
        sizes = [len(batch.y) for batches in ranks for batch in batches]
        assert min(sizes) > 1, (num, batch_size)
        bounds = RankShare(0, world_size).batches(num, batch_size)
        assert [len(batch) for batch in shared] == [end - begin for begin, end in bounds]
        alone = [batch.y.tolist() for batch in epoch(num, batch_size)]
        if not 0 < num % batch_size < 2 * world_size:  # what is left is enough for all ranks
            assert shared == alone, (num, batch_size)
        assert shared[:-1] == alone[: len(shared) - 1]


@pytest.mark.parametrize(("begin", "end"), [(0, 8), (8, 17), (3, 6)])
def test_parts_of_a_batch_differ_by_one_at_most(begin, end):
    for world_size in (1, 2, 3):
        parts = [RankShare(rank, world_size).part(begin, end) for rank in range(world_size)]
        places = [place for part in parts for place in range(*part)]
        assert places == list(range(begin, end))
        sizes = [last - first for first, last in parts]
        assert max(sizes) - min(sizes) <= 1


def test_examples_stay_in_the_memory_of_the_host_without_a_gpu():
    examples = numbered(3)
    assert on_device(examples, CPU) is examples


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no CUDA device here")
@pytest.mark.parametrize("where", ["cpu", "cuda"])
def test_a_gpu_gets_the_same_batches_from_its_memory_or_the_hosts(where):
    gpu = Device("cuda", bf16=True)
    there = numbered(1000).each(lambda values: values.to(where))
    batches = list(InMemory(there).batches(0, 0, 32, gpu))
    assert {part.device.type for batch in batches for part in tensors(batch)} == {"cuda"}
    expected = joined(list(InMemory(numbered(1000)).batches(0, 0, 32, CPU)))
    for found, part in zip(tensors(joined(batches)), tensors(expected), strict=True):
        assert torch.equal(found.cpu(), part)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no CUDA device here")
def test_examples_go_to_a_gpu_that_has_room(monkeypatch):
    gpu = Device("cuda", bf16=True)
    moved = on_device(numbered(100), gpu)
    assert {part.device.type for part in tensors(moved)} == {"cuda"}
    pairs = zip(tensors(moved), tensors(numbered(100)), strict=True)
    assert all(torch.equal(a.cpu(), b) for a, b in pairs)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda: (4 * 1400 - 1, 10**9))
    examples = numbered(100)  # 1400 bytes of inputs
    assert on_device(examples, gpu) is examples


@pytest.mark.parametrize("num", [1, 2, 7, 33])
def test_a_sample_comes_from_all_over(num):
    inputs = numbered(33).inputs
    sample = InMemory(numbered(33)).sample(num)
    assert list(sample) == ["x", "tokens"]
    assert 1 <= len(sample["x"]) <= num
    places = [inputs["x"].tolist().index(row) for row in sample["x"].tolist()]
    assert sample["tokens"].tolist() == inputs["tokens"][places].tolist()
    apart = {after - before for before, after in pairwise(places)}
    assert len(apart) <= 1
    assert 33 - places[-1] <= max(apart, default=33)
