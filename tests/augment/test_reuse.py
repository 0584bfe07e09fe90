"""What the last run made is used again where nothing has changed, and the bytes do not show it."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from pipeline.augment.reuse import NAME, KnownRun, complete, keep_shards, read_earlier
from pipeline.augment.sharding import MadeShards, Sharding
from pipeline.dataset.shards.column import ShardColumn
from pipeline.dataset.shards.files import value_offsets, write_shard
from pipeline.dataset.table import words
from pipeline.runtime.cache import CACHE
from pipeline.runtime.errors import MissingInput
from pipeline.runtime.process import WORKERS_VARIABLE
from tests.support.shard_jobs import (
    CLASSES,
    NUM,
    contents,
    elsewhere,
    examples,
    jobs_of,
    make_all,
    make_plan,
)
from tests.support.shards import FIX, LABEL_COLUMNS, provenance

KEY = "a key"
X = ShardColumn("x", "uint8", (2, 2, 1))
KEPT = CACHE / NAME
Change = Callable[[pa.Table, Callable], pa.Table]


@pytest.fixture(autouse=True)
def one_worker(monkeypatch) -> None:
    monkeypatch.setenv(WORKERS_VARIABLE, "1")


@pytest.fixture
def last(here) -> Sharding:
    """That of the last run, for shards in `shards`."""
    return make_plan(Path("shards"))


def build(plan: Sharding, table: pa.Table, balance: str = "none") -> list[MadeShards]:
    """As the stage does: the shards of `table`, from those of the last run where there are some."""
    made = make_all(plan, [table], balance, read_earlier(Path("shards"), KEY))
    runs = {one.key: ([file["name"] for file in one.files], one.sums) for one in made}
    keep_shards(plan.folder, KEY, table, runs, current=Path("shards"))
    return made


def ids_of(plan: Sharding, made: MadeShards) -> list[str]:
    return pq.read_table(plan.folder / made.files[0]["name"])["id"].to_pylist()


def set_cell(table: pa.Table, row: int, **values: object) -> pa.Table:
    for name, value in values.items():
        cells = table[name].to_pylist()
        cells[row] = value
        old = table[name].combine_chunks()
        if pa.types.is_dictionary(old.type):
            new = words(cells, old.dictionary.to_pylist())
        else:
            new = pa.array(cells, old.type)
        table = table.set_column(table.schema.get_field_index(name), name, new)
    return table


def without(table: pa.Table, *rows: int) -> pa.Table:
    return table.take([row for row in range(table.num_rows) if row not in rows])


def another_picture(table: pa.Table, png: Callable) -> pa.Table:
    return set_cell(table, 8, image=png(99), sha256="the digest of another")


CHANGES: dict[str, tuple[Change, int]] = {
    "nothing": (lambda table, png: table, NUM),
    "removed": (lambda table, png: without(table, 0, 8, 9, 20), NUM - 4),
    "another image": (another_picture, NUM - 1),
    "another label": (lambda table, png: set_cell(table, 8, label="cat"), NUM),
    "another weight": (lambda table, png: set_cell(table, 8, weight=0.125), NUM),
    "another split": (lambda table, png: set_cell(table, 9, split="train"), NUM),
    "another licence": (lambda table, png: set_cell(table, 8, license="MIT", source="pets-1"), NUM),
    "another name": (lambda table, png: set_cell(table, 8, id="id-new"), NUM - 1),
    "another order": (lambda table, png: table.take(list(reversed(range(NUM)))), NUM),
}


@pytest.mark.parametrize("balance", ["none", "full"])
@pytest.mark.parametrize("name", CHANGES)
def test_the_bytes_are_those_of_a_run_that_makes_everything(last, png, tmp_path, name, balance):
    change, num_known = CHANGES[name]
    build(last, examples(png), balance)
    table = change(examples(png), png)
    plan, clean = elsewhere(last, tmp_path / "new"), elsewhere(last, tmp_path / "clean")
    made = build(plan, table, balance)
    make_all(clean, [table], balance)
    assert contents(plan) == contents(clean)
    assert sum(one.num_known for one in made) == num_known


@pytest.mark.parametrize("balance", ["none", "full"])
def test_what_is_added_anywhere_is_all_that_is_made(last, png, tmp_path, balance):
    table = examples(png)
    build(last, without(table, 0, 10, 11, NUM - 1), balance)
    plan, clean = elsewhere(last, tmp_path / "new"), elsewhere(last, tmp_path / "clean")
    made = build(plan, table, balance)
    make_all(clean, [table], balance)
    assert contents(plan) == contents(clean)
    assert sum(one.num_known for one in made) == NUM - 4


def test_all_copies_are_read_not_made(last, png, tmp_path):
    """The pixels of the last shards are other ones than would be made, and found in the new."""
    build(replace(last, seed=1), examples(png))
    plan = elsewhere(last, tmp_path / "new")
    build(plan, set_cell(examples(png), 8, label="cat"))
    other, clean = elsewhere(last, tmp_path / "other"), elsewhere(last, tmp_path / "clean")
    make_all(replace(other, seed=1), [set_cell(examples(png), 8, label="cat")])
    make_all(clean, [set_cell(examples(png), 8, label="cat")])
    assert contents(plan) == contents(other) != contents(clean)


def test_rows_that_stand_together_are_read_at_once(last, png):
    build(last, examples(png))
    old = next(jobs_of(last, [examples(png)]))
    earlier = read_earlier(Path("shards"), KEY)
    gone = examples(png)["id"].to_pylist().index(old.ids[1])
    new = next(jobs_of(last, [without(examples(png), gone)], earlier=earlier))
    assert new.ids[:2] == [old.ids[0], old.ids[2]]
    first, second, *_ = new.parts[1].known
    assert (first.path.name, first.start, first.stop) == ("train-00001.parquet", 0, 1)
    assert (second.path, second.start) == (first.path, 1)
    assert second.stop == len(old.ids) - 1
    assert second.offsets == (first.offsets[0] + 2 * 16,)  # bytes of an image


def test_shards_of_the_same_are_the_same_files(last, png, tmp_path):
    """Not copies: another version of the data takes no room for what it shares."""
    table = examples(png)
    build(last, without(table, 12))
    plan = elsewhere(last, tmp_path / "new")
    made = build(plan, table)
    [new] = [one for one in made if table["id"][12].as_py() in ids_of(plan, one)]
    for one in made:
        inodes = {path.stat().st_ino for path in Path("shards").iterdir()}
        shared = {(plan.folder / file["name"]).stat().st_ino in inodes for file in one.files}
        assert shared == {one.is_same}
    assert not new.is_same
    assert sum(one.is_same for one in made) >= len(made) - 2
    again = elsewhere(last, tmp_path / "again")
    build(again, table)  # of the last shards, which lack an example
    assert contents(again) == contents(plan)


def test_where_there_are_no_hard_links_shards_are_copied(last, png, tmp_path, monkeypatch):
    build(last, examples(png))

    def link(old: Path, new: Path) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", link)
    plan = elsewhere(last, tmp_path / "new")
    assert all(one.is_same for one in build(plan, examples(png)))
    assert contents(plan) == contents(last)
    assert {path.stat().st_nlink for path in plan.folder.iterdir()} == {1}


def test_sums_of_the_originals_are_those_of_the_same(last, png, tmp_path):
    before = build(last, examples(png))
    again = build(elsewhere(last, tmp_path / "new"), examples(png))
    assert all(one.is_same for one in again)
    assert list(map(str, again)) == [
        str(one._replace(num_known=n, is_same=True))
        for one, n in zip(before, (one.num_known for one in again), strict=True)
    ]


def test_more_copies_are_made_from_those_that_are_there(last, png, tmp_path):
    build(last, examples(png))
    more = replace(last, copies=5, rows_per_shard=7)
    plan, clean = (elsewhere(more, tmp_path / name) for name in ("new", "clean"))
    earlier = read_earlier(Path("shards"), KEY)
    parts = [part for job in jobs_of(plan, [examples(png)], earlier=earlier) for part in job.parts]
    assert {part.copy for part in parts if part.known} == {0, 1, 2}
    build(plan, examples(png))
    make_all(clean, [examples(png)])
    assert contents(plan) == contents(clean)


def test_another_key_has_nothing_to_give(last, png):
    build(last, examples(png))
    assert read_earlier(Path("shards"), KEY) is not None
    assert read_earlier(Path("shards"), KEY + " with more salt") is None


def test_shards_of_which_nothing_is_kept_have_nothing_to_give(last, png):
    assert read_earlier(Path("shards"), KEY) is None
    make_all(last, [examples(png)])
    assert read_earlier(Path("shards"), KEY) is None


@pytest.mark.parametrize("damage", ["flip", "cut"])
def test_damage_to_what_is_kept_has_nothing_to_give(last, png, damage):
    build(last, examples(png))
    [kept] = KEPT.iterdir()
    content = bytearray(kept.read_bytes())
    content[len(content) // 2] ^= 1
    kept.write_bytes(content if damage == "flip" else content[:-9])
    assert read_earlier(Path("shards"), KEY) is None


def test_no_flipped_bit_of_what_is_kept_leads_to_other_shards(last, png):
    """Nor one of the footer, in which the shards of each run are named."""
    build(last, examples(png))
    [kept] = KEPT.iterdir()
    keys = [job.key for job in jobs_of(last, [examples(png)])]
    earlier = read_earlier(Path("shards"), KEY)
    assert earlier is not None
    expected = [str(earlier.same(key)) for key in keys]
    assert "None" not in expected
    numbers = earlier.unchanged(*(examples(png)[n].to_pylist() for n in ("id", "sha256")))
    repeats = np.zeros(NUM, np.int64)
    pixels = [str(earlier.find(copy, numbers, repeats)) for copy in range(3)]
    whole = kept.read_bytes()
    num_unharmed = 0
    for place in range(0, len(whole), 7):
        data = bytearray(whole)
        data[place] ^= 1 << place % 8
        kept.write_bytes(data)
        found = read_earlier(Path("shards"), KEY)
        if found is not None:
            num_unharmed += 1
            assert [str(found.same(key)) for key in keys] == expected
            assert [str(found.find(copy, numbers, repeats)) for copy in range(3)] == pixels
    assert num_unharmed < len(whole) / 7 / 2


def test_a_damaged_shard_is_not_read(last, png):
    build(last, examples(png))
    shard = Path("shards/train-00004.parquet")
    content = bytearray(shard.read_bytes())
    content[40] ^= 1
    shard.write_bytes(content)
    with pytest.raises(MissingInput) as caught:
        read_earlier(Path("shards"), KEY)
    assert str(caught.value) == (
        "ERROR shard shards/train-00004.parquet is damaged: its digest is not the one in "
        f"index.json | fix: {FIX}"
    )


def test_a_run_that_was_killed_takes_nothing_from_the_next(last, png, tmp_path):
    """Its own shards are gone, but the last ones and what is known of them are there."""
    build(last, examples(png))
    killed = elsewhere(last, tmp_path / "killed")
    build(killed, another_picture(examples(png), png))
    made = build(elsewhere(last, tmp_path / "new"), examples(png))
    assert sum(one.num_known for one in made) == NUM


def test_what_is_kept_does_not_pile_up(last, png, tmp_path):
    build(last, examples(png))
    first = {path.name for path in KEPT.iterdir()}
    for row in range(3):
        folder = elsewhere(last, tmp_path / str(row))
        build(folder, without(examples(png), row))
        assert len(list(KEPT.iterdir())) == 2
        assert first < {path.name for path in KEPT.iterdir()}


def test_what_is_kept_names_ids_where_forget_looks_for_them(last, png):
    """It is a table with the columns by which examples are recognised (forget/traces.py)."""
    build(last, examples(png))
    [kept] = KEPT.iterdir()
    table = pq.read_table(kept)
    assert table["id"].to_pylist() == examples(png)["id"].to_pylist()
    assert table["sha256"].to_pylist() == examples(png)["sha256"].to_pylist()
    assert kept.parts[0] == ".groundwork"


def test_a_balanced_copy_takes_the_same_times_of_an_example(last, png, tmp_path):
    """Quotas change with the examples: what was there often may be less, or more often there."""
    table = examples(png)
    labels = ["cat" if i % 11 else "bird" for i in range(NUM)]
    table = table.set_column(3, "label", words(labels, CLASSES))
    build(last, table, "full")
    rare = np.flatnonzero(pc.equal(table["label"], "bird"))[1]
    for number, changed in enumerate((without(table, int(rare)), without(table, 1, 2, 3, 4))):
        plan = elsewhere(last, tmp_path / f"new {number}")
        clean = elsewhere(last, tmp_path / f"clean {number}")
        build(plan, changed, "full")
        make_all(clean, [changed], "full")
        assert contents(plan) == contents(clean)


def test_a_shard_that_became_shorter_is_not_taken_for_whole(here):
    Path("shard").write_bytes(bytes(10))
    with pytest.raises(MissingInput) as caught:
        complete([KnownRun(Path("shard"), (4,), 0, 2)], [X], 3, lambda rows: {})
    assert str(caught.value) == "ERROR shard became shorter while it was read | fix: run it again"


def test_all_columns_of_a_known_row_are_read(here):
    """Of three rows the first two are known, at rows 1 and 2 of an earlier shard."""
    columns = [X, ShardColumn("tokens", "int32", (3,)), ShardColumn("length", "int64")]
    inputs = {
        column.name: np.arange(4 * column.num_bytes)
        .astype(column.dtype)[: 4 * size]
        .reshape(4, *column.shape)
        for column, size in zip(columns, (4, 3, 1), strict=True)
    }
    zeros, ones = np.zeros(4, np.int32), np.ones(4, np.float32)
    write_shard(Path("shard"), inputs, zeros, ones, list("abcd"), 0, provenance(4))
    [begins] = value_offsets(pq.read_metadata("shard"), [*columns, *LABEL_COLUMNS]).tolist()
    sizes = [column.num_bytes for column in columns]
    offsets = tuple(begin + size for begin, size in zip(begins, sizes, strict=False))
    made = {column.name: column.zeros(1) for column in columns}
    found = complete([KnownRun(Path("shard"), offsets, 0, 2)], columns, 3, lambda rows: made)
    assert list(found) == list(inputs)
    for name, values in inputs.items():
        assert found[name].dtype == values.dtype
        assert found[name][:2].tolist() == values[1:3].tolist()
        assert not found[name][2].any()
