"""The ways in which benchmarks/data_checks.py breaks data, each at strengths chosen beforehand.

Shares of examples that one broken import, camera or annotator would touch: everything (1.0), one
of three sources (0.3), one of ten (0.1); for single unusable files 2 %, 0.5 % and three in a
thousand. Intensities are those of plain accidents: a factor of two, a stop of exposure, a blur of
three pixels. `PYTHONPATH=. python benchmarks/corruptions.py` lists them.
"""

import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import pyarrow as pa
from drafts import Draft
from numpy.typing import NDArray
from PIL import Image

from pipeline.modalities.images.content.decoding import decode

ALL, HALF, THIRD, TENTH = 1.0, 0.5, 0.3, 0.1
SHARES = (ALL, THIRD, TENTH)
FEW = (0.003, 0.005, 0.02)


class Corruption(NamedTuple):
    name: str
    strengths: tuple[Any, ...]
    spoil: Callable[[Draft, Any], None] | None = None
    """Before the images are measured; most kinds."""
    spoil_table: Callable[[pa.Table, np.random.Generator, Any], pa.Table] | None = None
    """After that, what no source can do to data/raw."""
    color: bool = False
    """Only for data in colour."""
    needs_history: bool = False
    """Only where some of the examples have been there before."""


def on_images(change: Callable[[NDArray[np.uint8]], Any]) -> Callable[[Draft, float], None]:
    return lambda draft, share: draft.redraw(draft.pick(share), change)


def on_test(change: Callable[[NDArray[np.uint8]], Any]) -> Callable[[Draft, float], None]:
    return lambda draft, share: draft.redraw(draft.pick(share, draft.are("split", "test")), change)


def noise(draft: Draft, share: float) -> None:
    draft.redraw(draft.pick(share), lambda p: p + draft.random.normal(0, 25, p.shape))


def lens_cap(draft: Draft, share: float) -> None:
    draft.redraw(draft.pick(share), lambda p: draft.random.normal(0, 2.5, p.shape))


def blur(pixels: NDArray[np.uint8]) -> Any:
    padded = np.pad(pixels.astype(float), ((1, 1), (1, 1), (0, 0)), mode="edge")
    height, width = pixels.shape[:2]
    return sum(padded[i : i + height, j : j + width] for i in range(3) for j in range(3)) / 9


def placeholder(draft: Draft, share: float) -> None:
    rows = draft.pick(share)
    draft.set("image", rows, [draft.columns["image"][rows[0]]] * len(rows))


def coarse_jpeg(draft: Draft, share: float) -> None:
    rows = draft.pick(share)
    found = []
    for row in rows:
        pixels, buffer = decode(draft.columns["image"][row]), io.BytesIO()
        Image.fromarray(pixels.squeeze()).save(buffer, "JPEG", quality=10)
        found.append(buffer.getvalue())
    draft.set("image", rows, found)


def damaged(change: Callable[[bytes], bytes]) -> Callable[[Draft, float], None]:
    def spoil(draft: Draft, share: float) -> None:
        rows = draft.pick(share)
        draft.set("image", rows, [change(draft.columns["image"][row]) for row in rows])

    return spoil


def flip(draft: Draft, share: float) -> None:
    rows = draft.pick(share)
    old = [draft.columns["label"][row] for row in rows]
    others = [[name for name in draft.classes if name != label] for label in old]
    draft.set("label", rows, [str(draft.random.choice(names)) for names in others])


def flip_one_class(draft: Draft, share: float) -> None:
    one, other = draft.random.choice(draft.classes, 2, replace=False)
    rows = draft.pick(share, draft.are("label", one))
    draft.set("label", rows, [str(other)] * len(rows))


def shift(draft: Draft, share: float) -> None:
    """From some row on each label is that of the row before."""
    rows = list(range(round((1 - share) * len(draft)), len(draft)))
    labels = [draft.columns["label"][row] for row in rows]
    draft.set("label", rows, labels[-1:] + labels[:-1])


def shuffle_split(draft: Draft, split: str) -> None:
    rows = np.flatnonzero(draft.are("split", split)).tolist()
    labels = [draft.columns["label"][row] for row in rows]
    draft.set("label", rows, draft.random.permutation(labels).tolist())


def rename_classes(draft: Draft, how: str) -> None:
    names = list(draft.classes)
    if how == "two swapped":
        one, other = draft.random.choice(len(names), 2, replace=False)
        names[one], names[other] = names[other], names[one]
    else:
        names = names[1:] + names[:1]
    new = dict(zip(draft.classes, names, strict=True))
    draft.set("label", list(range(len(draft))), [new[label] for label in draft.columns["label"]])


def default_label(draft: Draft, share: float) -> None:
    rows = draft.pick(share)
    draft.set("label", rows, [draft.classes[0]] * len(rows))


def lose_from_class(draft: Draft, share: float) -> None:
    lost = draft.pick(share, draft.are("label", str(draft.random.choice(draft.classes))))
    draft.keep(~np.isin(np.arange(len(draft)), lost))


def class_only_in_train(draft: Draft, _: Any) -> None:
    label = str(draft.random.choice(draft.classes))
    draft.keep(~(draft.are("label", label) & draft.are("split", "val", "test")))


def lose_rows(draft: Draft, share: float) -> None:
    draft.keep(~np.isin(np.arange(len(draft)), draft.pick(share)))


def lose_from_split(draft: Draft, what: tuple[str, float]) -> None:
    lost = draft.pick(what[1], draft.are("split", what[0]))
    draft.keep(~np.isin(np.arange(len(draft)), lost))


def copy(draft: Draft, share: float) -> None:
    draft.add(draft.pick(share), "-copy")


def touched_up(draft: Draft, rows: list[int]) -> None:
    """Change a tenth of the values by one, as if saved again."""
    draft.redraw(rows, lambda p: p.astype(int) + (draft.random.random(p.shape) < 0.1))


def nearly_copy(draft: Draft, share: float) -> None:
    touched_up(draft, draft.add(draft.pick(share), "-edited"))


def leak(draft: Draft, share: float) -> None:
    rows = draft.pick(share, draft.are("split", "test"))
    draft.add(rows, "-copy", split=["train"] * len(rows))


def nearly_leak(draft: Draft, share: float) -> None:
    rows = draft.pick(share, draft.are("split", "test"))
    touched_up(draft, draft.add(rows, "-edited", split=["train"] * len(rows)))


def split_groups(draft: Draft, share: float) -> None:
    rows = np.array([group is not None for group in draft.columns["group"]])
    moved = draft.pick(share, rows & draft.are("split", "train"))
    draft.set("split", moved, ["test"] * len(moved))


def old_splits(draft: Draft, share: float) -> None:
    """Whole groups are where another draw of the same fractions puts them."""
    splits = np.array(draft.columns["split"])
    owners = [g or i for g, i in zip(draft.columns["group"], draft.columns["id"], strict=True)]
    names, first = np.unique(owners, return_index=True)
    chosen = draft.random.random(len(names)) < share
    drawn = draft.random.permutation(splits[first])
    new = {n: s for n, s, c in zip(names.tolist(), drawn.tolist(), chosen, strict=True) if c}
    rows = [row for row, owner in enumerate(owners) if owner in new]
    draft.set("split", rows, [new[owners[row]] for row in rows])


def put(column: str, value: Any) -> Callable[[Draft, float], None]:
    def spoil(draft: Draft, share: float) -> None:
        rows = draft.pick(share)
        draft.set(column, rows, [value] * len(rows))

    return spoil


def in_table(column: str, value: Any) -> Callable[..., pa.Table]:
    """Put a value into a share of the rows."""

    def spoil(table: pa.Table, random: np.random.Generator, share: float) -> pa.Table:
        values = table[column].to_pylist()
        num = max(1, round(share * len(values)))
        for row in random.choice(len(values), num, replace=False):
            values[row] = value
        field = table.schema.field(column)
        kind = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
        array = pa.array(values, kind)
        if pa.types.is_dictionary(field.type):
            array = array.dictionary_encode()
        place = table.schema.get_field_index(column)
        return table.set_column(place, pa.field(column, field.type), array)

    return spoil


def repeat_ids(table: pa.Table, random: np.random.Generator, share: float) -> pa.Table:
    rows = random.choice(len(table), 2 * max(1, round(share * len(table))), replace=False)
    ids = table["id"].to_pylist()
    for one, other in rows.reshape(-1, 2):
        ids[one] = ids[other]
    return table.set_column(0, "id", pa.array(ids))


def other_type(table: pa.Table, _: Any, column: str) -> pa.Table:
    place = table.schema.get_field_index(column)
    return table.set_column(place, column, table[column].cast(pa.string()))


def other_scale(table: pa.Table, _: Any, column: str) -> pa.Table:
    place, field = table.schema.get_field_index(column), table.schema.field(column)
    values = table[column].to_numpy() * 255
    return table.set_column(place, field, pa.array(values, field.type))


def lose_column(table: pa.Table, _: Any, column: str) -> pa.Table:
    return table.drop_columns(column)


MEASURED = ("brightness", "contrast", "sharpness", "red", "dhash", "width", "sha256")
CORRUPTIONS = [
    Corruption("red and blue swapped", SHARES, on_images(lambda p: p[:, :, ::-1]), color=True),
    Corruption("green cast", SHARES, on_images(lambda p: p * [0.8, 1.2, 0.8]), color=True),
    Corruption("colour lost", SHARES, on_images(lambda p: p[:, :, :1]), color=True),
    Corruption("inverted", SHARES, on_images(lambda p: 255.0 - p)),
    Corruption("over-exposed, twice as bright", SHARES, on_images(lambda p: p * 2.0)),
    Corruption("under-exposed, half as bright", SHARES, on_images(lambda p: p * 0.5)),
    Corruption("half the contrast", SHARES, on_images(lambda p: p.mean() / 2 + p * 0.5)),
    Corruption("blurred, 3 x 3", SHARES, on_images(blur)),
    Corruption("noise of 25 grey levels", SHARES, noise),
    Corruption("JPEG of quality 10", SHARES, coarse_jpeg),
    Corruption("rotated by 90 degrees", SHARES, on_images(lambda p: np.rot90(p))),
    Corruption("mirrored", SHARES, on_images(lambda p: p[:, ::-1])),
    Corruption("upside down", SHARES, on_images(lambda p: p[::-1])),
    Corruption(
        "enlarged twofold", (*SHARES, 0.02), on_images(lambda p: p.repeat(2, 0).repeat(2, 1))
    ),
    Corruption(
        "cropped to half the height", (*SHARES, 0.02), on_images(lambda p: p[: len(p) // 2])
    ),
    Corruption("cut to a strip", FEW, on_images(lambda p: np.tile(p[:2], (1, 16, 1)))),
    Corruption("blank", FEW, on_images(lambda p: p * 0 + 128)),
    Corruption("lens cap on", FEW, lens_cap),
    Corruption("one placeholder picture", (0.01, 0.05, 0.2), placeholder),
    Corruption("only test 1.3 times as bright", (ALL, THIRD), on_test(lambda p: p * 1.3)),
    Corruption("only test blurred", (ALL, THIRD), on_test(blur)),
    Corruption("truncated files", FEW, damaged(lambda data: data[: len(data) // 2])),
    Corruption("empty files", FEW, damaged(lambda data: b"")),
    Corruption("error pages for images", FEW, damaged(lambda data: b"<html>404</html>")),
    Corruption("labels flipped at random", (0.1, 0.2, 0.4), flip),
    Corruption("labels of one class flipped to another", (0.3, 0.6), flip_one_class),
    Corruption("labels shifted by a row from there on", (ALL, HALF, 0.2), shift),
    Corruption("labels of a split shuffled", ("train", "val", "test"), shuffle_split),
    Corruption("class names permuted", ("two swapped", "each the next"), rename_classes),
    Corruption("labels fell back to the first class", (0.05, 0.2), default_label),
    Corruption("a class lost", (ALL, 0.95, HALF), lose_from_class),
    Corruption("a class only in train", ("",), class_only_in_train),
    Corruption("unlabelled", FEW, put("label", None)),
    Corruption("label outside the classes, source", FEW, put("label", "unicorn")),
    Corruption("label outside the classes, table", FEW, None, in_table("label", "unicorn")),
    Corruption("copies", (0.01, 0.05, 0.2), copy),
    Corruption("copies, touched up", (0.05, 0.2), nearly_copy),
    Corruption("test images copied to train", (0.01, 0.1), leak),
    Corruption("test images copied to train, touched up", (0.1, THIRD), nearly_leak),
    Corruption("groups in two splits", (0.01, 0.1), split_groups),
    Corruption("shrunk", (0.2, HALF, 0.9), lose_rows),
    Corruption("a split lost", (("val", 1.0), ("test", 1.0)), lose_from_split),
    Corruption(
        "a split nearly lost", (("val", 0.95), ("test", 0.95), ("test", 0.5)), lose_from_split
    ),
    Corruption("an older split mixed in", (ALL, THIRD, TENTH), old_splits, needs_history=True),
    Corruption("no split", FEW, None, in_table("split", None)),
    Corruption("unknown split", FEW, None, in_table("split", "holdout")),
    Corruption("no id", FEW, None, in_table("id", None)),
    Corruption("repeated ids", FEW, None, repeat_ids),
    Corruption("no licence", FEW, None, in_table("license", None)),
    Corruption("licence unknown", FEW, put("license", "unknown")),
    Corruption("another licence", FEW, put("license", "CC-BY-NC-4.0")),
    Corruption("not measured", FEW, None, in_table("brightness", float("nan"))),
    Corruption("hash missing", FEW, None, in_table("dhash", None)),
    Corruption("measured from 0 to 255", ("brightness", "contrast", "red"), None, other_scale),
    Corruption("column of another type", MEASURED[:-1], None, other_type),
    Corruption("column lost", MEASURED, None, lose_column),
    Corruption("nothing there", ("",), None, lambda table, _random, _: table.slice(0, 0)),
]

if __name__ == "__main__":
    for one in CORRUPTIONS:
        print(f"{one.name:45}{', '.join(map(str, one.strengths))}")
