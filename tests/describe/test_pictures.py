"""Pictures show the examples that they are about, also those that were removed."""

import struct
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from pipeline.dataset.findings import removed_schema
from pipeline.dataset.parts import write_tables
from pipeline.dataset.table import write_index
from pipeline.describe import pictures as module
from pipeline.describe.pictures import Pictures
from pipeline.modalities.images.content.decoding import encode_png
from pipeline.modalities.images.show import figures
from pipeline.modalities.opening import open_show
from pipeline.targets.classes.drawing import confusion as figures_of_classes
from pipeline.targets.opening import open_describe
from tests.support.findings import write_found
from tests.support.image_schema import CLEAN_SCHEMA, RAW_SCHEMA
from tests.support.shards import shard, write_shards

CLASSES = ["cat", "dog", "bird"]  # of which no example is a bird
CLEAN, FINDINGS, DRAWN = Path("clean"), Path("findings"), Path("drawn")
SUSPECTED = [("b", "train", "dog", "cat", 0.125), ("g", "val", "cat", "bird", 0.25)]
DUPLICATES = [
    ("h", "val", "near", "c", "test", 0.75, True),
    ("d", "train", "exact", "a", "train", 1.0, False),
]


def shade(number: int) -> bytes:
    """A PNG of one grey level."""
    return encode_png(np.full((6, 4, 1), number, np.uint8))


def as_tables(rows: list[dict], schema: pa.Schema) -> pa.Table:
    return pa.Table.from_pylist([dict.fromkeys(schema.names) | row for row in rows], schema)


def clean_rows() -> list[dict]:
    """a to f; the label of c has been changed."""
    rows = [
        {
            "id": id,
            "image": shade(10 * number),
            "label": CLASSES[number % 2],
            "label_given": CLASSES[number % 2],
            "split": "test" if id == "c" else "train",
        }
        for number, id in enumerate("abcdef")
    ]
    rows[2]["label"] = "dog"
    return rows


@pytest.fixture
def folders(here, monkeypatch) -> None:
    """data/clean, and data/findings with g and h, which were removed; h has no label or image."""
    monkeypatch.setattr("pipeline.dataset.parts.ROWS_PER_FILE", 4)
    tables = [as_tables(clean_rows(), CLEAN_SCHEMA).slice(at, 2) for at in (0, 2, 4)]
    files = write_tables(CLEAN, tables, CLEAN_SCHEMA)
    content = {"image_size": [6, 4], "channels": 1}
    write_index(CLEAN, files, dataset="pets", target={"classes": CLASSES}, content=content)
    removed = [
        {"id": "g", "image": shade(200), "label": "cat", "reason": "label"},
        {"id": "h", "reason": "leak", "of": "c", "similarity": 0.75},
    ]
    found = {
        "removed": as_tables(removed, removed_schema(RAW_SCHEMA)),
        "suspected": SUSPECTED,
        "duplicates": DUPLICATES,
    }
    write_found(FINDINGS, found, dataset="pets", target={"classes": CLASSES})
    DRAWN.mkdir()


class Shown:
    """What was given to be drawn, and the picture's size in pixels."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, function: str) -> None:
        module = figures_of_classes if function == "confusion" else figures
        draw = getattr(module, function)

        def keep(*given: object, **options: object) -> None:
            self.given, self.options = given, options
            draw(*given, **options)

        monkeypatch.setattr(module, function, keep)


def pictures_of() -> Pictures:
    return Pictures(DRAWN, CLEAN, FINDINGS, open_show("images"), open_describe("classes"))


def assert_is_png(name: str) -> None:
    content = (DRAWN / name).read_bytes()
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", content[16:24])
    assert min(width, height) > 20
    assert max(width, height) < 4000


def levels(images: list[np.ndarray]) -> list[int]:
    assert all(image.shape == (6, 4, 1) and len(np.unique(image)) == 1 for image in images)
    return [int(image[0, 0, 0]) for image in images]


def test_suspected_labels_and_how_often_which_class_looks_like_which(folders, monkeypatch):
    grid, matrix = Shown(monkeypatch, "image_grid"), Shown(monkeypatch, "confusion")
    pictures_of().draw_suspected()
    images, captions, _ = grid.given
    assert levels(images) == [10, 200]  # the second was removed
    assert captions == ["given dog\nlooks like cat\nb", "given cat\nlooks like bird\ng"]
    assert grid.options["title"] == "2 suspected labels, the most doubtful first"
    counts, classes, _ = matrix.given
    assert counts.tolist() == [[0, 0, 1], [1, 0, 0], [0, 0, 0]]
    assert classes == CLASSES
    for name in ("label_issues.png", "label_confusion.png"):
        assert_is_png(name)


def test_one_suspected_label_is_one(folders, monkeypatch):
    write_found(FINDINGS, {"suspected": SUSPECTED[:1]}, dataset="pets", target={"classes": CLASSES})
    grid = Shown(monkeypatch, "image_grid")
    pictures_of().draw_suspected()
    assert grid.options["title"] == "1 suspected label, the most doubtful first"


def test_duplicates_pair_by_pair_with_the_labels_of_the_source(folders, monkeypatch):
    grid = Shown(monkeypatch, "image_grid")
    pictures_of().draw_duplicates()
    images, captions, _ = grid.given
    assert levels(images) == [0, 20, 30, 0]  # black where there is none
    assert captions == ["val\nno label\nh", "test\ncat\nc", "train\ndog\nd", "train\ncat\na"]
    assert grid.options["title"] == "2 images repeat another, leaks between splits first"
    assert_is_png("duplicates.png")


def test_where_nothing_was_found_a_picture_says_so(folders):
    write_found(FINDINGS, dataset="pets", target={"classes": CLASSES})
    pictures = pictures_of()
    pictures.draw_suspected()
    pictures.draw_duplicates()
    for name in ("label_issues.png", "label_confusion.png", "duplicates.png"):
        assert_is_png(name)


def test_long_lists_are_shown_in_part(folders, monkeypatch):
    monkeypatch.setattr(module, "NUM_SUSPECTED", 1)
    monkeypatch.setattr(module, "NUM_PAIRS", 1)
    grid = Shown(monkeypatch, "image_grid")
    pictures = pictures_of()
    pictures.draw_suspected()
    assert (len(grid.given[0]), grid.options["title"][0]) == (1, "2")
    pictures.draw_duplicates()
    assert (len(grid.given[0]), grid.options["title"][0]) == (2, "2")


def test_training_examples_of_each_class_that_has_some(folders, monkeypatch):
    sheet = Shown(monkeypatch, "contact_sheet")
    table = as_tables(clean_rows(), CLEAN_SCHEMA).select(["id", "label", "split"])
    pictures_of().draw_sheet(table)
    rows, _ = sheet.given
    assert {name: sorted(levels(list(images))) for name, images in rows.items()} == {
        "cat": [0, 40],  # c is in test
        "dog": [10, 30, 50],
    }
    assert_is_png("classes.png")


def test_copies_stand_below_their_originals(folders, monkeypatch):
    """The copy lacks an example, as a balanced one may, and has another one twice."""
    whole, part = shard(0, 3), shard(1, 2)
    images = part.inputs["x"]
    twice = type(part)(
        {"x": np.concatenate([images, images[:1] + 1])},
        np.append(part.y, part.y[:1]),
        np.append(part.weights, part.weights[:1]),
        [*part.ids, part.ids[0]],
    )
    Path("shards").mkdir()
    reader = write_shards(Path("shards"), ("train", 0, whole), ("train", 1, twice))
    grid = Shown(monkeypatch, "image_grid")
    pictures_of().draw_copies(reader)
    drawn, captions, _ = grid.given
    assert grid.options["columns"] == 3
    assert captions == [
        *["a\noriginal", "b\noriginal", "c\noriginal"],
        *["a\nnot in copy 1", "b\ncopy 1", "c\ncopy 1"],
    ]
    assert (np.stack(drawn[:3]) == whole.inputs["x"]).all()
    assert (drawn[3] == 255).all()
    assert (np.stack(drawn[4:]) == images).all()
    assert_is_png("augmented.png")
