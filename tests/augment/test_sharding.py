"""Every example is in one shard of each copy, in order, with the same bytes however it came."""

from collections import Counter
from dataclasses import replace
from functools import reduce
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.augment.__main__ import added
from pipeline.augment.sharding import Sharding
from pipeline.dataset.randomness import id_keys, repeat_keys
from pipeline.dataset.shards.reader import ShardReader
from pipeline.dataset.table import file_sha256, words
from pipeline.modalities.images.content.decoding import decode
from pipeline.modalities.images.encode.settings import Affine, AugmentFields, Color, RandAugment
from pipeline.modalities.images.encode.transforms.augment import augment
from pipeline.modalities.opening import open_fit
from pipeline.runtime.process import WORKERS_VARIABLE
from tests.support.shard_jobs import (
    CLASSES,
    NUM,
    TRANSFORMS,
    chunks,
    contents,
    elsewhere,
    examples,
    jobs_of,
    make_all,
    make_plan,
)


@pytest.fixture(autouse=True)
def one_worker(monkeypatch) -> None:
    monkeypatch.setenv(WORKERS_VARIABLE, "1")


@pytest.fixture
def plan(tmp_path) -> Sharding:
    return make_plan(tmp_path / "shards")


@pytest.mark.parametrize(("split", "num", "copies"), [("train", 23, 3), ("val", 5, 1)])
def test_a_job_is_a_run_of_one_split_with_a_number_for_each_copy(plan, png, split, num, copies):
    jobs = [job for job in jobs_of(plan, [examples(png)]) if job.split == split]
    sizes = [len(job.ids) for job in jobs]
    assert sum(sizes) == num
    assert set(sizes[:-1]) <= {3, 4, 5}
    assert sizes[-1] <= 5
    numbers = iter(range(100))
    for job in jobs:
        assert [part.copy for part in job.parts] == list(range(copies))
        assert [part.number for part in job.parts] == [next(numbers) for _ in range(copies)]


@pytest.mark.parametrize("split", ["train", "val", "test"])
def test_every_example_is_in_one_job_in_order_with_what_belongs_to_it(plan, png, split):
    table = examples(png)
    jobs = [job for job in jobs_of(plan, [table]) if job.split == split]
    wanted = [row for row in table.to_pylist() if row["split"] == split]
    assert [id for job in jobs for id in job.ids] == [row["id"] for row in wanted]
    assert [data for job in jobs for data in job.contents["image"]] == [
        row["image"] for row in wanted
    ]
    provenance = [row["source"] for job in jobs for row in job.provenance.to_pylist()]
    assert provenance == [row["source"] for row in wanted]
    labels = [CLASSES[label] for job in jobs for label in job.y]
    assert labels == [row["label"] for row in wanted]
    weights = [weight for job in jobs for weight in job.weights.tolist()]
    assert weights == [row["weight"] for row in wanted]


def test_numbers_are_unique_and_without_gaps(plan, png):
    for split in ("train", "val", "test"):
        jobs = [job for job in jobs_of(plan, [examples(png)]) if job.split == split]
        numbers = [part.number for job in jobs for part in job.parts]
        assert sorted(numbers) == list(range(len(numbers)))


def test_a_copy_of_many_rows_is_made_in_several_shards(plan, png):
    """33 examples in jobs of about 4, of which one job has all three of the rare class."""
    table = examples(png)
    table = table.set_column(4, "split", words(["train"] * NUM, ["train", "val", "test"]))
    labels = ["dog" if 4 <= i < 7 else "cat" for i in range(NUM)]
    table = table.set_column(3, "label", words(labels, CLASSES))
    jobs = list(jobs_of(plan, [table], "full"))
    for copy, num in [(0, 33), (1, 33), (2, 33)]:
        parts = [part for job in jobs for part in job.parts if part.copy == copy]
        assert sum(part.stop - part.start for part in parts) == num
        assert {part.stop - part.start for part in parts} <= set(range(1, 7))
    [rare] = [job for job in jobs if 1 in job.y]
    parts = [(part.start, part.stop) for part in rare.parts if part.copy == 1]
    assert len(parts) > 1
    assert (parts[0][0], parts[-1][1]) == (0, rare.times[1].sum())
    assert all(before == after for (_, before), (after, _) in pairwise(parts))
    numbers = [part.number for job in jobs for part in job.parts]
    assert numbers == list(range(len(numbers)))


def test_shards_hold_each_copy_of_each_example(plan, png):
    table = examples(png)
    make_all(plan, [table])
    reader = ShardReader(plan.folder)
    reader.verify(["train", "val", "test"])
    wanted = [row for row in table.to_pylist() if row["split"] == "train"]
    ids = [row["id"] for row in wanted]
    originals = np.stack([decode(row["image"]) for row in wanted])
    for copy in range(3):
        found = reader.read("train", copy)
        assert found.ids == ids
        assert (
            found.inputs["x"]
            == augment(originals, id_keys(ids), copy, transforms=TRANSFORMS, seed=plan.seed)
        ).all()
        assert found.y.tolist() == [CLASSES.index(row["label"]) for row in wanted]
        assert found.weights.tolist() == [row["weight"] for row in wanted]
    assert (reader.read("train", 0).inputs["x"] == originals).all()
    assert (reader.read("train", 1).inputs["x"] != reader.read("train", 2).inputs["x"]).any()


@pytest.mark.parametrize("split", ["val", "test"])
def test_val_and_test_have_originals_only(plan, png, split):
    table = examples(png)
    make_all(plan, [table])
    reader = ShardReader(plan.folder)
    wanted = [row for row in table.to_pylist() if row["split"] == split]
    found = reader.read(split, 0)
    assert found.ids == [row["id"] for row in wanted]
    assert (found.inputs["x"] == np.stack([decode(row["image"]) for row in wanted])).all()
    assert reader.read(split, 1).ids == []


@pytest.mark.parametrize("sizes", [(1,), (5, 1), (4,), (7, 0, 2), (100,)], ids=str)
def test_the_bytes_are_the_same_however_the_tables_are_cut(plan, png, tmp_path, sizes):
    make_all(plan, [examples(png)])
    other = elsewhere(plan, tmp_path / "other")
    make_all(other, chunks(examples(png), *sizes))
    assert contents(other) == contents(plan)


def test_the_bytes_are_the_same_however_many_workers(plan, png, tmp_path, monkeypatch):
    settings = [
        *TRANSFORMS,
        Color(name="color", hue=0.1),
        Affine(name="affine", degrees=20, scale=0.1),
        RandAugment(name="rand_augment"),
    ]
    plan = replace(
        plan,
        settings=AugmentFields(transforms=settings, resize="squash"),
        preparation={"shape": [6, 5, 3], "resize": "squash"},
    )
    made = make_all(plan, [examples(png)], "full")
    for workers in ("2", "4"):
        monkeypatch.setenv(WORKERS_VARIABLE, workers)
        other = elsewhere(plan, tmp_path / workers)
        assert list(map(str, make_all(other, [examples(png)], "full"))) == list(map(str, made))
        assert contents(other) == contents(plan)


def test_what_is_made_is_told(plan, png):
    tables = [examples(png).slice(0, 4)]  # train, train, val, train
    made = make_all(plan, tables)
    assert [(one.split, [list(file.values())[:4] for file in one.files]) for one in made] == [
        (
            "train",
            [
                ["train-00000.parquet", "train", 0, 3],
                ["train-00001.parquet", "train", 1, 3],
                ["train-00002.parquet", "train", 2, 3],
            ],
        ),
        ("val", [["val-00000.parquet", "val", 0, 1]]),
    ]
    for file in (file for one in made for file in one.files):
        assert list(file) == ["name", "split", "copy", "rows", "sha256"]
        assert file["sha256"] == file_sha256(plan.folder / file["name"])


def test_sums_are_of_the_originals(plan, png):
    made = make_all(plan, [examples(png)])
    sums = [one.sums for one in made if one.split == "train"]
    originals = ShardReader(plan.folder).read("train", 0).inputs
    assert reduce(added, sums) == open_fit("images").sums(originals)


def test_no_examples_no_jobs(plan, png):
    assert list(jobs_of(plan, [])) == []
    assert list(jobs_of(plan, [examples(png).slice(0, 0)])) == []


def test_images_are_brought_to_the_shape(plan, png):
    table = examples(png).slice(0, 2).drop_columns("image")
    table = table.append_column("image", pa.array([png(0, 9, 5, 3), png(1, 1, 1, 1)]))
    make_all(plan, [table])
    found = ShardReader(plan.folder).read("train", 0)
    assert found.inputs["x"].shape == (2, 4, 4, 1)
    assert (found.inputs["x"][1] == decode(png(1, 1, 1, 1))).all()


def test_provenance_is_in_every_row_of_every_copy(plan, png):
    table = examples(png)
    make_all(plan, chunks(table, 5))
    wanted = {row["id"]: (row["source"], row["license"], None) for row in table.to_pylist()}
    for path in plan.folder.glob("*.parquet"):
        for row in pq.read_table(path).to_pylist():
            assert (row["source"], row["license"], row["purposes"]) == wanted[row["id"]]


def test_a_balanced_copy_has_as_many_rows_and_as_many_of_each_class(plan, png):
    table = examples(png)
    labels = ["cat" if i % 11 else "bird" for i in range(NUM)]  # and no dog
    table = table.set_column(3, "label", words(labels, CLASSES))
    make_all(plan, [table], "full")
    reader = ShardReader(plan.folder)
    originals = reader.read("train", 0)
    assert Counter(originals.y.tolist()) == {0: 21, 2: 2}
    row_of = {id: row for row, id in enumerate(originals.ids)}
    for copy in (1, 2):
        found = reader.read("train", copy)
        assert Counter(found.y.tolist()) == {0: 12, 2: 11}
        # Labels, weights and pixels are those of the id; each time it is another version.
        rows = [row_of[id] for id in found.ids]
        assert rows == sorted(rows)
        assert (found.y == originals.y[rows]).all()
        assert (found.weights == originals.weights[rows]).all()
        times: Counter[str] = Counter()
        for image, id, row in zip(found.inputs["x"], found.ids, rows, strict=True):
            keys = repeat_keys(id_keys([id]), np.array([times[id]]))
            times[id] += 1
            original = originals.inputs["x"][row : row + 1]
            assert (image == augment(original, keys, copy, transforms=TRANSFORMS, seed=0)[0]).all()
        rare = found.inputs["x"][found.y == 2]
        assert len({image.tobytes() for image in rare}) > 6
