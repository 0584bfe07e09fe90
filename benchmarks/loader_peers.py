"""Loaders that benchmarks/loader.py compares: how each stores images, and gives shuffled batches.

    python benchmarks/loader_peers.py write NAME IMAGES.npz FOLDER REPEATS
    python benchmarks/loader_peers.py NAME FOLDER EPOCHS MEMORY_MB MAX_SECONDS

The first writes FOLDER. The second reads it in a process of its own, and prints what it took as
JSON. A batch is a uint8 tensor `(512, 32, 32, 3)` (or the like in another order of
axes) and a tensor of labels.
"""

import argparse
import io
import json
import os
import resource
import sys
import tarfile
import time
from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
SHAPE = (32, 32, 3)
BATCH = 512
ROWS_PER_FILE = 10_000  # 31 MB

Parts = Iterable[tuple[np.ndarray, np.ndarray]]
"""Images `(N, 32, 32, 3)` and labels, ROWS_PER_FILE at a time."""
Epochs = Callable[[int], Iterator[tuple]]
"""The batches of an epoch."""


# Groundwork


def write_groundwork(folder: Path, parts: Parts) -> None:
    import pyarrow as pa

    from pipeline.dataset.shards.column import INPUT
    from pipeline.dataset.shards.files import PROVENANCE, ShardRows, columns_of, write_shard
    from pipeline.dataset.table import write_index

    files = []
    for number, (images, labels) in enumerate(parts):
        path = folder / f"train-{number:05d}.parquet"
        ids = [f"{number}-{row}" for row in range(len(images))]
        whose = pa.table({name: ["cifar"] * len(images) for name in PROVENANCE})
        weights = np.ones(len(images), np.float32)
        shard = ShardRows({INPUT: images}, labels.astype(np.int32), weights)
        digest = write_shard(path, *shard, ids, 0, whose)
        entry = {"name": path.name, "split": "train", "copy": 0, "rows": len(images)}
        files.append(entry | {"sha256": digest})
    write_index(
        folder,
        files,
        modality="images",
        preparation={"shape": SHAPE},
        target_kind="classes",
        target={"classes": [str(k) for k in range(10)]},
        columns=[column._asdict() for column in columns_of(shard)],
        copies=1,
    )


def read_groundwork(folder: Path, memory_mb: float) -> Epochs:
    from pipeline.dataset.shards.column import INPUT
    from pipeline.dataset.shards.reader import ShardReader
    from pipeline.learning.batches import Examples, InMemory
    from pipeline.learning.device import Device
    from pipeline.train.streaming import training_epochs

    reader = ShardReader(folder)
    reader.verify(["train"])
    epochs = training_epochs(reader, memory_mb * 1e6)

    def epoch(number: int) -> Iterator[tuple]:
        source = epochs(number)
        source = InMemory(source) if isinstance(source, Examples) else source
        for batch in source.batches(0, number, BATCH, Device("cpu", bf16=False)):
            yield batch.inputs[INPUT], batch.y

    return epoch


# Limits: what is in memory already, shuffled without more ado, and copied in order


def read_gather(folder: Path, memory_mb: float) -> Epochs:
    import torch

    images, labels = _in_memory(folder)

    def epoch(number: int) -> Iterator[tuple]:
        for chosen in torch.randperm(len(images)).split(BATCH):
            yield images.index_select(0, chosen), labels.index_select(0, chosen)

    return epoch


def read_memcpy(folder: Path, memory_mb: float) -> Epochs:
    images, labels = _in_memory(folder)
    return lambda number: (
        (images[first : first + BATCH].clone(), labels[first : first + BATCH].clone())
        for first in range(0, len(images), BATCH)
    )


def _in_memory(folder: Path) -> tuple:
    import torch

    from pipeline.dataset.shards.column import INPUT
    from pipeline.dataset.shards.reader import ShardReader

    rows = ShardReader(folder).read_rows("train", 0)
    return torch.from_numpy(rows.inputs[INPUT]), torch.from_numpy(rows.y)


# Hugging Face datasets: decoded pixels in Parquet


def write_hugging_face(folder: Path, parts: Parts) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    for number, (images, labels) in enumerate(parts):
        pixels = pa.FixedSizeListArray.from_arrays(pa.array(images.ravel()), images[0].size)
        table = pa.table({"x": pixels, "y": pa.array(labels.astype(np.int64))})
        pq.write_table(table, folder / f"train-{number:05d}.parquet")


def _hugging_face(folder: Path):
    from datasets import disable_progress_bars, load_dataset

    disable_progress_bars()
    cache = str(folder / "cache")
    files = str(folder / "*.parquet")
    return load_dataset("parquet", data_files=files, cache_dir=cache, split="train")


def read_hugging_face(folder: Path, memory_mb: float) -> Epochs:
    import torch

    data = _hugging_face(folder)

    def epoch(number: int) -> Iterator[tuple]:
        shuffled = data.shuffle(seed=number).with_format("torch", dtype=torch.uint8)
        for batch in shuffled.iter(BATCH):
            yield batch["x"].view(-1, *SHAPE), batch["y"]

    return epoch


def read_hugging_face_iterable(folder: Path, memory_mb: float) -> Epochs:
    """Shards and a buffer are shuffled, as its guide advises for large data."""
    import torch

    data = _hugging_face(folder)
    stream = data.to_iterable_dataset(num_shards=64).shuffle(seed=0, buffer_size=10_000)

    def epoch(number: int) -> Iterator[tuple]:
        stream.set_epoch(number)
        for batch in stream.with_format("torch").iter(BATCH):
            yield batch["x"].view(-1, *SHAPE).to(torch.uint8), batch["y"]

    return epoch


# MosaicML streaming: decoded pixels in MDS


def write_mosaic(folder: Path, parts: Parts) -> None:
    from streaming import MDSWriter

    columns = {"x": "ndarray:uint8:32,32,3", "y": "int"}
    with MDSWriter(out=str(folder), columns=columns, size_limit=1 << 25) as writer:
        for images, labels in parts:
            for image, label in zip(images, labels, strict=True):
                writer.write({"x": image, "y": int(label)})


def read_mosaic(folder: Path, memory_mb: float) -> Epochs:
    from streaming import StreamingDataset
    from torch.utils.data import DataLoader

    data = StreamingDataset(local=str(folder), shuffle=True, batch_size=BATCH)
    loader = DataLoader(data, batch_size=BATCH)
    return lambda number: ((batch["x"], batch["y"]) for batch in loader)


# WebDataset: decoded pixels in tar


def write_webdataset(folder: Path, parts: Parts) -> None:
    for number, (images, labels) in enumerate(parts):
        with tarfile.open(folder / f"train-{number:05d}.tar", "w") as tar:
            for row, (image, label) in enumerate(zip(images, labels, strict=True)):
                for suffix, content in ("x", image.tobytes()), ("y", b"%d" % label):
                    member = tarfile.TarInfo(f"{number:05d}-{row:05d}.{suffix}")
                    member.size = len(content)
                    tar.addfile(member, io.BytesIO(content))


def read_webdataset(folder: Path, memory_mb: float) -> Epochs:
    import torch
    import webdataset

    files = sorted(str(path) for path in folder.glob("*.tar"))

    def collate(samples: list) -> tuple:
        pixels = np.stack([np.frombuffer(x, np.uint8) for x, _ in samples])
        labels = torch.tensor([int(y) for _, y in samples])
        return torch.from_numpy(pixels).view(-1, *SHAPE), labels

    data = webdataset.WebDataset(files, shardshuffle=len(files)).shuffle(10_000)
    data = data.to_tuple("x", "y").batched(BATCH, collation_fn=collate)
    return lambda number: iter(data)


# ImageFolder and DataLoader: JPEGs, which it decodes


def write_image_folder(folder: Path, parts: Parts) -> None:
    from PIL import Image

    for number, (images, labels) in enumerate(parts):
        for row, (image, label) in enumerate(zip(images, labels, strict=True)):
            (folder / f"{label}").mkdir(exist_ok=True)
            Image.fromarray(image).save(folder / f"{label}" / f"{number:05d}-{row:05d}.jpg")


def read_image_folder(folder: Path, memory_mb: float) -> Epochs:
    from torch.utils.data import DataLoader
    from torchvision.datasets import ImageFolder
    from torchvision.transforms import PILToTensor

    loader = DataLoader(ImageFolder(str(folder), PILToTensor()), BATCH, shuffle=True)
    return lambda number: iter(loader)


WRITERS = {
    "groundwork": write_groundwork,
    "hugging face": write_hugging_face,
    "mosaicml streaming": write_mosaic,
    "webdataset": write_webdataset,
    "image folder": write_image_folder,
}
IMPORTS = {
    "hugging face": "datasets",
    "hugging face, iterable": "datasets",
    "mosaicml streaming": "streaming",
    "webdataset": "webdataset",
    "image folder": "torchvision.datasets",
}
READERS = {
    "groundwork": read_groundwork,
    "gather from memory": read_gather,
    "memcpy": read_memcpy,
    "hugging face": read_hugging_face,
    "hugging face, iterable": read_hugging_face_iterable,
    "mosaicml streaming": read_mosaic,
    "webdataset": read_webdataset,
    "image folder": read_image_folder,
}


def measure(name: str, folder: Path, epochs: int, memory_mb: float, max_seconds: float) -> dict:
    """Seconds and seconds of CPU of each epoch, the first with all preparation; megabytes of
    memory, and read from the disk instead of the page cache."""
    import torch

    torch.set_num_threads(1)
    # So that memory and time are those of loading.
    import_module("pyarrow.parquet")
    import_module(IMPORTS.get(name, "pipeline.train.streaming"))
    before_mb, read_before_mb = memory_now_mb(), read_from_disk_mb()
    found: dict = {"epochs": []}
    started = (time.perf_counter(), time.process_time())
    batches_of = READERS[name](folder, memory_mb)
    for number in range(epochs):
        images = 0
        for batch in batches_of(number):
            assert batch[0].dtype == torch.uint8
            images += len(batch[1])
            if time.perf_counter() - started[0] > max_seconds:
                break
        now = (time.perf_counter(), time.process_time())
        found["epochs"].append([images, now[0] - started[0], now[1] - started[1]])
        started = now
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    found["more_mb"] = peak_mb - before_mb
    found["read_mb"] = read_from_disk_mb() - read_before_mb
    return found


def memory_now_mb() -> float:
    return of_process("status", "VmRSS") * 1024 / 1e6


def read_from_disk_mb() -> float:
    return of_process("io", "read_bytes") / 1e6


def of_process(file: str, key: str) -> int:
    lines = Path(f"/proc/self/{file}").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{key}:"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", choices=["write", *READERS], help="`write`: write for a reader")
    parser.add_argument("rest", nargs="*", help="see the head of the file")
    options = parser.parse_args()
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    if options.name == "write":
        name, source, folder, repeats = options.rest
        rows = np.load(source)
        parts = [
            (
                rows["images"][first : first + ROWS_PER_FILE],
                rows["labels"][first : first + ROWS_PER_FILE],
            )
            for first in range(0, len(rows["labels"]), ROWS_PER_FILE)
        ]
        WRITERS[name](Path(folder), parts * int(repeats))
    else:
        folder, epochs, memory_mb, max_seconds = options.rest
        measured = measure(
            options.name, Path(folder), int(epochs), float(memory_mb), float(max_seconds)
        )
        print(json.dumps(measured))


if __name__ == "__main__":
    main()
