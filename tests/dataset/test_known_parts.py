"""Files of data/raw are used again while what they were made of stays, and never after."""

import os
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from shutil import copytree

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.dataset import sources
from pipeline.dataset.catalog import Entry, SplitFractions
from pipeline.dataset.examples import Part, Task, make_part
from pipeline.dataset.known_parts import KnownParts, recipe_of
from pipeline.dataset.sources import examples_table, open_source

NUM = 40
LATER = 10**12
"""ns that files settle in, so that those just written count as settled."""


@pytest.fixture
def pets(tmp_path, monkeypatch, png) -> Path:
    """40 images in two class folders, in batches of about 4."""
    monkeypatch.setattr(sources, "EXAMPLES_PER_BATCH", 4)
    for number in range(NUM):
        path = tmp_path / f"pets/{'cat' if number % 2 else 'dog'}/{number:02d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png(number))
    return tmp_path / "pets"


@pytest.fixture
def known(tmp_path) -> KnownParts:
    return KnownParts("a recipe", time.time_ns() + LATER, tmp_path / "notes")


def tasks(uri: Path, **changes) -> list[Task]:
    entry = Entry(uri=str(uri), license="CC0-1.0")
    source = open_source(entry)
    given = {
        "classes": source.classes,
        "splits_given": source.splits,
        "fractions": SplitFractions(),
        "seed": 0,
        "max_pixels": 1e6,
        "source": "pets",
        "license": "CC0-1.0",
        "purposes": None,
        "purpose": "training",
        "opted_out": frozenset(),
        "pseudonym_key": None,
    }
    return [partial(Task, **given | changes)(batch) for batch in source.batches]


def build(folder: Path, uri: Path, known: KnownParts | None, **changes) -> list[Part]:
    folder.mkdir()
    return [
        make_part(task, folder, number, known) for number, task in enumerate(tasks(uri, **changes))
    ]


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def plain(parts: list[Part]) -> list[tuple]:
    return [(part.file, *part.rows[1:], part.rows.table.to_pylist()) for part in parts]


def test_what_stays_is_not_made_again_and_takes_no_room(pets, known, tmp_path):
    first = build(tmp_path / "first", pets, known)
    assert len(first) > 8
    again = build(tmp_path / "again", pets, known)
    assert {part.is_known for part in first} == {False}
    assert {part.is_known for part in again} == {True}
    assert contents(tmp_path / "again") == contents(tmp_path / "first")
    assert plain(again) == plain(first)
    inodes = [{path.stat().st_ino for path in (tmp_path / n).iterdir()} for n in ("first", "again")]
    assert inodes[0] == inodes[1]


def add(pets: Path, png: Callable) -> None:
    (pets / "cat/07a.png").write_bytes(png(99))


def add_many(pets: Path, png: Callable) -> None:
    for number in range(6):
        (pets / f"dog/10-{number}.png").write_bytes(png(90 + number))


def edit(pets: Path, png: Callable) -> None:
    """To other pixels, with the size and the time that it had."""
    path = pets / "dog/10.png"
    before, data = path.stat(), bytearray(path.read_bytes())
    data[-20] ^= 1
    path.write_bytes(data)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def replace(pets: Path, png: Callable) -> None:
    other = pets.parent / "other.png"
    other.write_bytes(png(98))
    before = (pets / "dog/10.png").stat()
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    other.replace(pets / "dog/10.png")


def remove(pets: Path, png: Callable) -> None:
    (pets / "dog/10.png").unlink()


def rename(pets: Path, png: Callable) -> None:
    (pets / "dog/10.png").rename(pets / "dog/10a.png")


def relabel(pets: Path, png: Callable) -> None:
    (pets / "dog/10.png").rename(pets / "cat/10.png")


CHANGES = [add, add_many, edit, replace, remove, rename, relabel]


@pytest.mark.parametrize("change", CHANGES)
def test_what_has_changed_is_made_anew_to_the_bytes_of_all(pets, known, tmp_path, png, change):
    build(tmp_path / "first", pets, known)
    change(pets, png)
    grown = build(tmp_path / "grown", pets, known)
    clean = build(tmp_path / "clean", pets, None)
    assert contents(tmp_path / "grown") == contents(tmp_path / "clean")
    assert plain(grown) == plain(clean)
    assert {part.is_known for part in grown} == {True, False}


def test_files_that_changed_a_moment_ago_are_read_again(pets, known, tmp_path):
    just_now = KnownParts(known.recipe, time.time_ns() - 2 * 10**9, known.folder)
    build(tmp_path / "first", pets, just_now)
    assert not known.folder.exists()
    build(tmp_path / "second", pets, known)
    assert {part.is_known for part in build(tmp_path / "third", pets, just_now)} == {False}


def test_another_recipe_makes_all_anew(pets, known, tmp_path):
    build(tmp_path / "first", pets, known)
    other = KnownParts("another", known.settled_before, known.folder)
    assert {part.is_known for part in build(tmp_path / "second", pets, other)} == {False}


def test_a_recipe_is_of_all_settings_and_of_no_order_of_sets():
    one = recipe_of("code", ["numpy 2"], frozenset(map(str, range(50))), None)
    assert one == recipe_of("code", ["numpy 2"], frozenset(map(str, range(49, -1, -1))), None)
    assert one != recipe_of("code", ["numpy 2"], frozenset(map(str, range(49))), None)
    assert one != recipe_of("code", ["numpy 3"], frozenset(map(str, range(50))), None)


@pytest.mark.parametrize("harm", ["flip", "cut", "note", "no note", "no file"])
def test_what_is_damaged_is_made_anew(pets, known, tmp_path, harm):
    build(tmp_path / "first", pets, None)
    spare = copytree(tmp_path / "first", tmp_path / "spare")
    [key, *_] = [part.key for part in build(tmp_path / "noted", pets, known)]
    file, note = known.folder / f"{key}.parquet", known.folder / f"{key}.json"
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    if harm in ("flip", "cut"):
        file.write_bytes(data if harm == "flip" else data[:-1])
    elif harm == "note":
        note.write_text(note.read_text()[:-9])
    else:
        (note if harm == "no note" else file).unlink()
    again = build(tmp_path / "again", pets, known)
    assert [part.is_known for part in again] == [False] + [True] * (len(again) - 1)
    assert contents(tmp_path / "again") == contents(spare)


def test_where_there_are_no_hard_links_all_is_made(pets, known, tmp_path, monkeypatch):
    def link(old: Path, new: Path) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", link)
    build(tmp_path / "first", pets, known)
    assert {part.is_known for part in build(tmp_path / "again", pets, known)} == {False}
    assert list(known.folder.iterdir()) == []


def test_an_archive_is_read_again(pets, known, tmp_path):
    import shutil

    archive = shutil.make_archive(str(tmp_path / "pets"), "tar", pets)
    parts = build(tmp_path / "first", Path(archive), known)
    assert {part.key for part in parts} == {None}
    assert not known.folder.exists()


def test_a_batch_of_which_nothing_may_be_used_is_known_too(pets, known, tmp_path):
    gone = frozenset(row["id"] for row in tasks(pets)[1].read().to_pylist())
    first = build(tmp_path / "first", pets, known, opted_out=gone)
    again = build(tmp_path / "again", pets, known, opted_out=gone)
    assert first[1].file is None
    assert {part.is_known for part in again} == {True}
    assert plain(again) == plain(first)
    assert contents(tmp_path / "again") == contents(tmp_path / "first")


def test_only_what_was_used_stays(pets, known, tmp_path, png):
    build(tmp_path / "first", pets, known)
    edit(pets, png)
    keys = {part.key for part in build(tmp_path / "second", pets, known)}
    assert {path.stem for path in known.folder.iterdir()} > keys
    known.drop_others(keys)
    assert {path.stem for path in known.folder.iterdir()} == keys
    assert {part.is_known for part in build(tmp_path / "third", pets, known)} == {True}


class Disturbed:
    """A batch of a file that could not be read, this time."""

    def stamp(self, settled_before: int) -> str:
        return "the same"

    def __call__(self) -> pa.Table:
        return examples_table(["1"], problem=["cannot be read: Input/output error"])


def test_a_file_that_could_not_be_read_is_tried_again(pets, known, tmp_path):
    [task, *_] = tasks(pets)
    for number in range(2):
        part = make_part(Task(**{**vars(task), "read": Disturbed()}), tmp_path, number, known)
        assert not part.is_known
        assert pq.read_table(tmp_path / part.file["name"])["problem"].to_pylist() == [
            "cannot be read: Input/output error"
        ]
