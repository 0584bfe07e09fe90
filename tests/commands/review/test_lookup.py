"""Single examples come out of Parquet as they went in."""

import os
import shutil

import numpy as np
import pyarrow as pa
import pytest

from pipeline.commands.review.lookup import BeingMade, Example, RawExamples
from pipeline.runtime.errors import MissingInput
from tests.support.review_data import write_raw


def write(here, images: list[bytes | None], per_table: int = 10**6) -> dict[str, bytes | None]:
    ids = [f"e{number}" for number in range(len(images))]
    table = pa.table(
        {
            "id": ids,
            "image": pa.array(images, pa.binary()),
            "label": ["cat"] * len(ids),
            "width": pa.array([3] * len(ids), pa.int32()),
            "height": pa.array([5] * len(ids), pa.int32()),
        }
    )
    tables = [table.slice(start, per_table) for start in range(0, len(ids), per_table)]
    write_raw(here, tables, "pets", ["cat"])
    return dict(zip(ids, images, strict=True))


def test_all_of_a_group_are_found_wherever_they_are(here):
    groups = ["ada", "bo", None, "ada", "ada"]
    table = pa.table({"id": list("abcde"), "label": list("vwxyz"), "group": groups})
    write_raw(here, [table.slice(0, 2), table.slice(2)], "pets", ["v"])
    found = RawExamples(here / "data/raw", ["a"], ["group"])
    assert found.examples["a"].about == {"group": "ada"}
    assert found.of_group("ada", ["id", "no such column"]) == [
        {"label": "v", "id": "a"},
        {"label": "y", "id": "d"},
        {"label": "z", "id": "e"},
    ]


SIDES = {"width": 3, "height": 5}


def image(found: RawExamples, row: int) -> bytes | None:
    return found.content(row, ["image"])["image"]


def noise(number: int, size: int) -> bytes:
    return np.random.default_rng(number).bytes(size)


@pytest.mark.parametrize(
    "images",
    [
        [noise(number, 50 + number) for number in range(100)],
        [b"same"] * 50 + [b"sam", b"", b"same"],
        [None, b"a", None, None, b"b", None],
        [noise(number, 300_000) for number in range(20)],  # several row groups
        [noise(number, 700) for number in range(40_000)],  # several files
    ],
    ids=["noise", "alike", "some without", "large", "many"],
)
def test_every_image_is_found(here, images):
    expected = write(here, images, 9000)
    found = RawExamples(here / "data/raw", expected)
    assert found.examples.keys() == expected.keys()
    some = list(expected)[:: max(1, len(expected) // 500)][::-1]
    assert {id: image(found, found.examples[id].row) for id in some} == {
        id: expected[id] for id in some
    }


def test_what_is_known_of_the_wanted_alone(here):
    write(here, [noise(number, 9) for number in range(10)])
    found = RawExamples(here / "data/raw", ["e7", "e2", "gone", "e7"], ["width", "height"])
    assert found.examples == {"e2": Example(2, "cat", SIDES), "e7": Example(7, "cat", SIDES)}
    assert found.content(10, ["image"]) is None
    assert found.content(-1, ["image"]) is None


def test_data_that_change_meanwhile_are_noticed(here):
    write(here, [b"one", b"two"])
    found = RawExamples(here / "data/raw", ["e1"])
    assert image(found, 1) == b"two"
    path = here / "data/raw/part-00000.parquet"
    path.write_bytes(path.read_bytes())
    assert image(found, 1) == b"two"  # ingest made the same once more
    shutil.rmtree(path.parent)
    write(here, [b"one", b"2"])
    with pytest.raises(MissingInput) as caught:
        image(found, 1)
    assert str(caught.value) == (
        f"ERROR {path} has changed since the review began | fix: end the review, run dvc repro, "
        "and start it again"
    )


@pytest.mark.parametrize("gone", ["index.json", "part-00000.parquet"])
def test_while_ingest_runs_one_is_told_to_wait(here, gone):
    write(here, [b"one", b"two"])
    found = RawExamples(here / "data/raw", ["e1"])
    moved = here / "data/raw" / gone
    moved.rename(here / gone)
    part = here / "data/raw/part-00000.parquet"
    if part.exists():
        part.touch()
    with pytest.raises(BeingMade) as caught:
        image(found, 1)
    assert str(caught.value) == (
        f"ERROR {here}/data/raw is being made | fix: wait until ingest is done, or run it: dvc "
        "repro ingest"
    )
    (here / gone).rename(moved)
    assert image(found, 1) == b"two"


def test_one_row_group_is_read_for_an_image(here):
    images = [noise(number, 300_000) for number in range(20)]
    write(here, images)
    path = here / "data/raw/part-00000.parquet"
    found = RawExamples(here / "data/raw", ["e1"])
    data = bytearray(path.read_bytes())
    data[data.index(images[10]) + 9] ^= 1
    with path.open("r+b") as file:
        file.write(data)
    os.utime(path, ns=(0, found._states[0][2]))
    assert [image(found, row) for row in (0, 8, 12, 19)] == [images[n] for n in (0, 8, 12, 19)]
    with pytest.raises(MissingInput, match="is damaged: could not verify page integrity"):
        image(found, 10)


def test_damage_is_noticed(here):
    write(here, [b"one of them", b"another"])
    path = here / "data/raw/part-00000.parquet"
    path.write_bytes(path.read_bytes().replace(b"another", b"anothen"))
    found = RawExamples(here / "data/raw", ["e1"])
    with pytest.raises(MissingInput, match="is damaged: could not verify page integrity"):
        image(found, 0)
