"""Streamed epochs have every example once, in an order that no machine and no death changes."""

import itertools
from queue import Queue

import numpy as np
import pyarrow as pa
import pytest
import torch

from pipeline.dataset.shards import files as shards
from pipeline.dataset.shards.files import write_shard
from pipeline.dataset.shards.reader import Block, ShardReader
from pipeline.learning.batches import (
    Examples,
    InMemory,
    RankShare,
    make_examples,
    num_batches,
    on_device,
)
from pipeline.learning.device import Device
from pipeline.learning.fitting.checkpoint import Checkpoint
from pipeline.runtime.errors import MissingInput
from pipeline.train.streaming import BlockOrder, Stream, training_epochs
from tests.support.shards import write_shard_index
from tests.support.training import assert_same_weights, train

CPU = Device("cpu", bf16=False)
ROW_BYTES = 16  # of a 4 x 4 image in one channel
ROWS_OF_SHARDS = [11, 3, 1, 8, 10]
NUM = sum(ROWS_OF_SHARDS)


@pytest.fixture(autouse=True)
def row_groups_of_four(monkeypatch) -> None:
    monkeypatch.setattr(shards, "GROUP_BYTES", 4 * ROW_BYTES)


def write(folder, examples: Examples, copies: int = 1) -> ShardReader:
    """Shards of these rows; in copy c each pixel is larger by c."""
    files, start = [], 0
    for rows in ROWS_OF_SHARDS:
        here = slice(start, start + rows)
        whose = pa.table({name: [None] * rows for name in shards.PROVENANCE})
        for copy in range(copies):
            name = f"train-{len(files):05d}.parquet"
            digest = write_shard(
                folder / name,
                {"x": examples.inputs["x"][here].numpy() + np.uint8(copy)},
                examples.y[here].numpy().astype(np.int32),
                examples.weights[here].numpy(),
                [f"{number}" for number in range(start, start + rows)],
                copy,
                whose,
            )
            entry = {"name": name, "split": "train", "copy": copy, "rows": rows}
            files.append(entry | {"sha256": digest})
        start += rows
    write_shard_index(folder, files, shape=(4, 4, 1), classes=["a"], copies=copies)
    return ShardReader(folder)


def tensors(examples: Examples) -> list[torch.Tensor]:
    return [*examples.inputs.values(), examples.y, examples.weights]


def numbered() -> Examples:
    """Examples whose label is their number, and whose pixels and weight no other has."""
    images = np.random.default_rng(0).integers(0, 256, (NUM, 4, 4, 1))
    return make_examples({"x": images.astype(np.uint8)}, np.arange(NUM), np.arange(NUM) / 10)


@pytest.fixture
def reader(tmp_path) -> ShardReader:
    return write(tmp_path, numbered())


def batches_of(stream: Stream, batch_size: int, epoch: int = 0, start: int = 0) -> list[list[int]]:
    """Labels of each batch; what else a batch has must be theirs."""
    found = []
    for batch in stream.batches(7, epoch, batch_size, CPU, start):
        for part, all_parts in zip(tensors(batch), tensors(numbered()), strict=True):
            assert torch.equal(part, all_parts[batch.y])
        found.append(batch.y.tolist())
    return found


SIZES = list(itertools.product([1, 5, 8, 13, 33, 100], [2, 3, 8, 100]))  # rows held, batch


@pytest.mark.parametrize(("rows_held", "batch_size"), SIZES)
def test_every_epoch_has_every_example_once(reader, rows_held, batch_size):
    stream = Stream(reader, "train", 0, rows_held * ROW_BYTES)
    epochs = [batches_of(stream, batch_size, epoch) for epoch in range(3)]
    for epoch in epochs:
        assert sorted(itertools.chain(*epoch)) == list(range(NUM))
        assert len(epoch) == num_batches(NUM, batch_size)
        assert {len(batch) for batch in epoch[:-1]} <= {batch_size}
        assert 1 < len(epoch[-1]) <= batch_size + 1
    assert epochs[0] != epochs[1] != epochs[2] != epochs[0]
    assert batches_of(stream, batch_size, 1) == epochs[1]


@pytest.mark.parametrize(("rows_held", "batch_size"), SIZES)
def test_a_later_start_gives_exactly_the_batches_that_remain(reader, rows_held, batch_size):
    stream = Stream(reader, "train", 0, rows_held * ROW_BYTES)
    whole = batches_of(stream, batch_size)
    for start in range(len(whole) + 1):
        assert batches_of(stream, batch_size, start=start) == whole[start:]


@pytest.mark.parametrize("world_size", [2, 3, 4])
@pytest.mark.parametrize(("rows_held", "batch_size"), SIZES)
def test_ranks_share_batches_and_have_every_example_once(reader, rows_held, batch_size, world_size):
    shares = [RankShare(rank, world_size) for rank in range(world_size)]
    bounds = shares[0].batches(NUM, batch_size)
    ranks = [
        batches_of(Stream(reader, "train", 0, rows_held * ROW_BYTES, share), batch_size)
        for share in shares
    ]
    labels = [label for rank in ranks for batch in rank for label in batch]
    assert sorted(labels) == list(range(NUM))
    for share, rank in zip(shares, ranks, strict=True):
        parts = [share.part(*batch) for batch in bounds]
        assert [len(batch) for batch in rank] == [end - begin for begin, end in parts]
        stream = Stream(reader, "train", 0, rows_held * ROW_BYTES, share)
        assert batches_of(stream, batch_size, start=2) == rank[2:]


@pytest.mark.parametrize("batch_size", [2, 8, 100])
def test_what_fits_in_a_window_has_the_order_of_memory(reader, batch_size):
    streamed = batches_of(Stream(reader, "train", 0, 300 * ROW_BYTES), batch_size, epoch=2)
    in_memory = InMemory(numbered()).batches(7, 2, batch_size, CPU)
    assert streamed == [batch.y.tolist() for batch in in_memory]


def test_examples_come_from_all_shards_early(reader):
    """In the first quarter of an epoch, on average over epochs, as many as fair."""
    stream = Stream(reader, "train", 0, 16 * ROW_BYTES)
    early = [batches_of(stream, 8, epoch)[0] for epoch in range(300)]
    counts = np.bincount(list(itertools.chain(*early)), minlength=NUM)
    assert counts.sum() == 300 * 8
    assert (abs(counts - 300 * 8 / NUM) < 30).all()  # the mean is 73; blocks spread it to about 8


def test_memory_holds_two_windows_and_a_later_start_reads_no_earlier_one(reader, monkeypatch):
    held, read = [], []
    empty_rows, read_block = ShardReader.empty_rows, ShardReader.read_block

    def count_held(self, num):
        held.append(num)
        return empty_rows(self, num)

    def count_read(self, block, into, at):
        read.append(block.rows)
        read_block(self, block, into, at)

    monkeypatch.setattr(ShardReader, "empty_rows", count_held)
    monkeypatch.setattr(ShardReader, "read_block", count_read)
    stream = Stream(reader, "train", 0, 24 * ROW_BYTES)
    batches_of(stream, 4)
    assert (held, sum(read)) == ([18], NUM)  # and two batches of 4 are in memory at a time
    read.clear()
    batches_of(stream, 4, start=5)  # the third window of 8, 8, 8 and 9
    assert sum(read) == 17


@pytest.mark.parametrize("world_size", [1, 2, 3])
def test_a_rank_reads_its_own_examples_alone(reader, monkeypatch, world_size):
    read: list[tuple[str, int]] = []
    read_block = ShardReader.read_block

    def count_read(self, block, into, at):
        read.extend(
            (block.file["name"], row) for row in range(block.first, block.first + block.rows)
        )
        read_block(self, block, into, at)

    monkeypatch.setattr(ShardReader, "read_block", count_read)
    by_rank = []
    for rank in range(world_size):
        stream = Stream(reader, "train", 0, 24 * ROW_BYTES, RankShare(rank, world_size))
        labels = batches_of(stream, 4)
        assert len(read) == sum(map(len, labels))
        by_rank.append(set(read))
        read.clear()
    assert sum(map(len, by_rank)) == len(set.union(*by_rank)) == NUM


def test_any_part_of_a_layout_is_cut_out_of_its_blocks():
    file = {"name": "a"}
    blocks = [Block(file, 0, 4), Block(file, 4, 3), Block(file, 7, 1), Block(file, 8, 4)]
    for epoch in range(5):
        layout = BlockOrder.shuffled(blocks, 0, epoch)
        rows = [
            number
            for place in layout.order
            for number in range(blocks[place].first, blocks[place].first + blocks[place].rows)
        ]
        assert sorted(rows) == list(range(12))
        for begin, end in itertools.combinations(range(13), 2):
            found = layout.between(begin, end)
            numbers = [n for block in found for n in range(block.first, block.first + block.rows)]
            assert numbers == sorted(rows[begin:end])


def test_a_damaged_shard_ends_a_stream(reader):
    path = reader.folder / "train-00002.parquet"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(MissingInput, match=r"train-00002\.parquet is damaged"):
        batches_of(Stream(reader, "train", 0, 16 * ROW_BYTES), 4)


def test_a_stream_that_is_left_early_stops_reading(reader):
    stream = Stream(reader, "train", 0, 8 * ROW_BYTES).batches(0, 0, 2, CPU)
    next(stream)
    stream.close()
    assert list(stream) == []


def test_a_sample_before_training(reader):
    found = Stream(reader, "train", 0, 8 * ROW_BYTES).sample(20)["x"]
    assert found.shape == (20, 4, 4, 1)
    known = {image.numpy().tobytes() for image in numbered().inputs["x"]}
    assert len({image.numpy().tobytes() for image in found} & known) == 20
    assert len(Stream(reader, "train", 0, 8 * ROW_BYTES).sample(10**6)["x"]) == NUM
    assert len(Stream(reader, "train", 0, 8 * ROW_BYTES).sample(1)["x"]) == 1


# The epochs of training


@pytest.mark.parametrize("copies_held", [0.5, 1, 2, 3])
def test_epoch_e_reads_copy_e_mod_copies_in_memory_or_streamed(tmp_path, copies_held):
    reader = write(tmp_path, numbered(), copies=3)
    epochs = training_epochs(reader, copies_held * NUM * ROW_BYTES)
    for epoch in range(7):
        source = epochs(epoch)
        assert isinstance(source, Stream if copies_held < 1 else Examples)
        batch = next(source.batches(0, epoch, 100, CPU)) if copies_held < 1 else source
        expected = numbered().inputs["x"][batch.y] + epoch % 3
        assert torch.equal(batch.inputs["x"], expected)
        assert sorted(batch.y.tolist()) == list(range(NUM))


def test_copies_that_fit_together_are_read_once(tmp_path):
    reader = write(tmp_path, numbered(), copies=2)
    epochs = training_epochs(reader, 2 * NUM * ROW_BYTES)
    assert [epochs(2) is epochs(0), epochs(3) is epochs(1)] == [True, True]


@pytest.mark.parametrize(("copies_held", "ahead"), [(1, 0), (2, 1), (3, 1)])
def test_the_next_copy_is_read_while_one_is_trained_on(tmp_path, monkeypatch, copies_held, ahead):
    reader = write(tmp_path, numbered(), copies=3)
    read: Queue[int] = Queue()
    whole = reader.read_rows
    monkeypatch.setattr(
        reader, "read_rows", lambda split, copy: (whole(split, copy), read.put(copy))[0]
    )
    epochs = training_epochs(reader, copies_held * NUM * ROW_BYTES, num_epochs=7)
    num_read = 3 if copies_held == 3 else 7  # none twice, and none after the last epoch
    seen = []
    for epoch in range(7):
        epochs(epoch)
        while len(seen) < min(epoch + 1 + ahead, num_read):
            seen.append(read.get(timeout=30))
    epochs.__self__._thread.shutdown(wait=True)
    assert seen == [k % 3 for k in range(num_read)]
    assert read.empty()


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no CUDA device here")
def test_a_gpu_gets_the_same_batches_streamed_or_in_its_memory(tmp_path):
    reader = write(tmp_path, numbered())
    gpu = Device("cuda", bf16=True)
    examples = on_device(training_epochs(reader, 1e6)(0), gpu)
    assert {part.device.type for part in tensors(examples)} == {"cuda"}
    for rows_held in (8, 100):
        stream = Stream(reader, "train", 0, rows_held * ROW_BYTES)
        on_host = list(stream.batches(0, 0, 4, CPU))
        for found, expected in zip(stream.batches(0, 0, 4, gpu), on_host, strict=True):
            assert all(
                torch.equal(a.cpu(), b)
                for a, b in zip(tensors(found), tensors(expected), strict=True)
            )
    in_memory = list(InMemory(examples).batches(0, 0, 4, gpu))
    for found, expected in zip(in_memory, on_host, strict=True):  # one window held all
        assert all(
            torch.equal(a.cpu(), b) for a, b in zip(tensors(found), tensors(expected), strict=True)
        )


def test_training_on_a_stream_is_training_in_memory(toy, tmp_path):
    reader = write(tmp_path, toy.examples(NUM))
    in_memory, expected = train(toy)
    streamed, fitted = train(toy, on=training_epochs(reader, 1e6))
    assert_same_weights(streamed, in_memory)
    whole = Stream(reader, "train", 0, 1e6)
    streamed, fitted = train(toy, on=lambda epoch: whole)
    assert_same_weights(streamed, in_memory)
    assert fitted.history == expected.history


def test_training_on_a_stream_that_is_killed_and_resumed(toy, tmp_path):
    (tmp_path / "shards").mkdir()
    reader = write(tmp_path / "shards", toy.examples(NUM), copies=2)
    epochs = training_epochs(reader, 16 * ROW_BYTES)
    undisturbed, expected = train(toy, on=epochs)
    for deadly in range(2, 13):  # the first step leaves no checkpoint
        steps = itertools.count(1)

        def die(num_examples: int, steps=steps, deadly=deadly) -> None:
            if num_examples and next(steps) == deadly:
                raise KeyboardInterrupt

        told = {"checkpoint": Checkpoint(tmp_path / f"{deadly}", "key", every_seconds=0)}
        with pytest.raises(KeyboardInterrupt):
            train(toy, told=told | {"on_step": die}, on=epochs)
        resumed, fitted = train(toy, 99, told, on=epochs)
        assert_same_weights(resumed, undisturbed)
        assert fitted.history == expected.history
