"""Parquet files stream every example once and in order; what cannot be read is named."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.runtime.errors import SourceError
from tests.support.entries import EXAMPLE_SCHEMA, Columns, Entry, open_source

NAMES = ["cat", "dog", "bird"]
FEATURES = {"image": {"_type": "Image"}, "label": {"names": NAMES, "_type": "ClassLabel"}}
BASIC = ("id", "image", "label", "split", "group")  # in every row; the others where they say more


def images(num: int, start: int = 0) -> list[bytes]:
    return [f"image {number}".encode() for number in range(start, start + num)]


def hugging_face(
    labels: list[int | None], *, start: int = 0, paths: bool = True, names: list[str] = NAMES
) -> pa.Table:
    """As `datasets` writes it: image as bytes and path, label as a number."""
    image = [
        {"bytes": data, "path": f"{start + i}.png" if paths else None}
        for i, data in enumerate(images(len(labels), start))
    ]
    features = FEATURES | {"label": {"names": names, "_type": "ClassLabel"}}
    schema = pa.schema(
        [
            ("image", pa.struct([("bytes", pa.binary()), ("path", pa.string())])),
            ("label", pa.int64()),
        ],
        {"huggingface": json.dumps({"info": {"features": features}})},
    )
    return pa.table({"image": image, "label": labels}, schema=schema)


def plain(**columns) -> pa.Table:
    """Two images and what else is given."""
    return pa.table({"image": images(2)} | columns)


def write(folder: Path, **tables: pa.Table) -> None:
    """Write `train=table` as train.parquet; `__` in a name is a folder."""
    for name, table in tables.items():
        path = folder / f"{name.replace('__', '/')}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(table, path)


def entry(uri: Path | str, **more) -> Entry:
    return Entry(uri=str(uri), license="CC0-1.0", **more)


def rows(uri: Path | str, **more) -> list[dict]:
    tables = [read() for read in open_source(entry(uri, **more)).batches]
    assert all(table.schema == EXAMPLE_SCHEMA for table in tables)
    return [
        {name: value for name, value in row.items() if name in BASIC or value is not None}
        for table in tables
        for row in table.to_pylist()
    ]


def column(name: str, uri: Path | str, **more) -> list:
    return [row[name] for row in rows(uri, **more)]


def refusal(uri: Path | str, **more) -> str:
    with pytest.raises(SourceError) as caught:
        rows(uri, **more)
    return str(caught.value)


def test_the_hugging_face_layout(tmp_path):
    write(
        tmp_path,
        data__train=hugging_face([0, 2, 1]),
        data__test=hugging_face([2, -1], start=3),
    )
    source = open_source(entry(tmp_path))
    assert (source.target["classes"], source.num_examples) == (NAMES, 5)
    assert source.splits == {"train", "test"}
    wanted = [
        ("3.png", b"image 3", "bird", "test"),
        ("4.png", b"image 4", None, "test"),
        ("0.png", b"image 0", "cat", "train"),
        ("1.png", b"image 1", "bird", "train"),
        ("2.png", b"image 2", "dog", "train"),
    ]
    assert rows(tmp_path) == [
        {"id": id, "image": image, "label": label, "split": split, "group": None}
        for id, image, label, split in wanted
    ]


@pytest.mark.parametrize("label", [-1, 3, None])
def test_an_index_that_is_no_class_is_no_label(tmp_path, label):
    write(tmp_path, train=hugging_face([0, label, 2]))
    assert column("label", tmp_path) == ["cat", None, "bird"]


def test_without_paths_the_id_is_the_place(tmp_path):
    write(tmp_path, a__train=hugging_face([0, 1], paths=False))
    assert column("id", tmp_path) == ["a/train.parquet:0", "a/train.parquet:1"]
    assert column("id", tmp_path / "a" / "train.parquet") == ["train.parquet:0", "train.parquet:1"]


def test_large_files_come_in_parts_with_every_example_once_and_in_order(tmp_path):
    num = 5000
    write(tmp_path, train=hugging_face([i % 3 for i in range(num)], paths=False))
    source = open_source(entry(tmp_path))
    tables = [read() for read in source.batches]
    assert len(tables) > 1
    table = pa.concat_tables(tables)
    assert source.num_examples == table.num_rows == num
    assert table["id"].to_pylist() == [f"train.parquet:{i}" for i in range(num)]
    assert table["image"].to_pylist() == images(num)
    assert table["label"].to_pylist() == [NAMES[i % 3] for i in range(num)]


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("train-00000-of-00005", "train"),
        ("Training", "train"),
        ("validation-00000-of-00001", "val"),
        ("valid", "val"),
        ("pets_dev", "val"),
        ("val", "val"),
        ("test", "test"),
        ("test__0000", "test"),
        ("default__validation__0000", "val"),
        ("train__validation-0", "val"),
        ("all", None),
        ("latest", None),
        ("trainers__0000", None),
    ],
)
def test_splits_by_file_or_folder_name(tmp_path, name, split):
    root = tmp_path / "test"  # the name of the root says nothing
    write(root, **{name: hugging_face([0, 1])})
    source = open_source(entry(root))
    assert source.splits == ({split} if split else set())
    assert column("split", root) == [split, split]


@pytest.mark.parametrize(
    ("name", "columns"), [("split", Columns()), ("part", Columns(split="part"))]
)
def test_splits_by_column(tmp_path, name, columns):
    table = pa.table(
        {
            "image": images(5),
            "label": ["a", "b", "a", "b", "a"],
            name: ["Training", "dev", "test", "valid", None],
        }
    )
    write(tmp_path, train=table)
    assert open_source(entry(tmp_path, columns=columns)).splits == {"train", "val", "test"}
    assert column("split", tmp_path, columns=columns) == ["train", "val", "test", "val", None]


def test_an_unknown_split_is_refused(tmp_path):
    """It would become training data, a held-out one too."""
    table = pa.table({"image": images(2), "label": ["a", "b"], "split": ["train", "holdout"]})
    write(tmp_path, all=table)
    with pytest.raises(SourceError) as caught:
        open_source(entry(tmp_path))
    assert str(caught.value) == (
        f"ERROR column split of {tmp_path} has the unknown split 'holdout' | fix: the known ones "
        "are train, training, validation, valid, val, dev, test, testing"
    )


def test_paths_that_are_not_unique_are_no_ids(tmp_path):
    """`datasets` keeps base names alone: cats/1.jpg and dogs/1.jpg are both 1.jpg."""
    image = pa.array([{"bytes": data, "path": "1.jpg"} for data in images(2)])
    write(tmp_path, train=pa.table({"image": image, "label": ["a", "b"]}))
    assert column("id", tmp_path) == ["train.parquet:0", "train.parquet:1"]


@pytest.mark.parametrize("labels", [[True, False], [1.0, 2.0]])
def test_labels_of_any_plain_type_keep_their_class(tmp_path, labels):
    write(tmp_path, train=pa.table({"image": images(2), "label": labels}))
    assert set(column("label", tmp_path)) == set(open_source(entry(tmp_path)).target["classes"])


def test_columns_that_the_entry_names(tmp_path):
    table = pa.table(
        {
            "thumbnail": [b"small", b"small"],
            "photo": pa.array(images(2), pa.large_binary()),
            "animal": pa.array(["dog", "cat"]).dictionary_encode(),
            "key": [17, 4],
            "owner": ["ada", None],
        }
    )
    write(tmp_path, pets=table)
    columns = Columns(id="key", image="photo", label="animal", group="owner")
    assert open_source(entry(tmp_path, columns=columns)).target["classes"] == ["cat", "dog"]
    assert rows(tmp_path, columns=columns) == [
        {"id": "17", "image": b"image 0", "label": "dog", "split": None, "group": "ada"},
        {"id": "4", "image": b"image 1", "label": "cat", "split": None, "group": None},
    ]


def test_other_files_are_passed_over(tmp_path):
    write(
        tmp_path,
        annotations=pa.table({"id": ["a"], "label": [1]}),
        train=hugging_face([0, 1]),
        zzz=pa.table({"worker": [1.5]}),
    )
    (tmp_path / "README.md").write_text("Pets.")
    source = open_source(entry(tmp_path))
    assert (source.num_examples, source.target["classes"]) == (2, NAMES)
    assert column("id", tmp_path) == ["0.png", "1.png"]


def test_class_names_are_found_by_looking(tmp_path):
    write(tmp_path, a=plain(label=[10, 9]), b=plain(label=[2, None]))
    assert open_source(entry(tmp_path)).target["classes"] == ["2", "9", "10"]
    assert column("label", tmp_path) == ["10", "9", "2", None]


def test_classes_of_the_entry_give_the_order(tmp_path):
    write(tmp_path, a=plain(label=["cat", "dog"]))
    assert open_source(entry(tmp_path)).target["classes"] == ["cat", "dog"]
    assert open_source(entry(tmp_path, classes=["dog", "cat"])).target["classes"] == ["dog", "cat"]


def test_classes_of_the_entry_name_indices(tmp_path):
    """`classes`: names in the order of their indices."""
    write(tmp_path, a=plain(label=[1, 0]))
    assert open_source(entry(tmp_path, classes=["cat", "dog"])).target["classes"] == ["cat", "dog"]
    assert column("label", tmp_path, classes=["cat", "dog"]) == ["dog", "cat"]


def test_an_image_that_is_null_stays_in_its_row(tmp_path):
    table = pa.table({"image": pa.array([None, b"x"], pa.binary()), "label": ["a", "b"]})
    write(tmp_path, train=table)
    assert column("image", tmp_path) == [None, b"x"]


def test_no_file(tmp_path):
    assert refusal(tmp_path, kind="parquet") == (
        f"ERROR uri {tmp_path} holds no Parquet file | fix: check uri"
    )


def test_no_image_column(tmp_path):
    write(tmp_path, train=pa.table({"text": ["a"], "label": ["b"]}))
    assert refusal(tmp_path) == (
        f"ERROR no Parquet file in {tmp_path} has a column of images "
        "| fix: name it in the catalog entry, under columns: image:"
    )


def test_no_label_column(tmp_path):
    write(tmp_path, train=plain(animal=["a", "b"]))
    path = tmp_path / "train.parquet"
    fix = "fix: name it in the catalog entry, under columns: label:"
    assert refusal(tmp_path) == (f"ERROR {path} has no label column; it has image, animal | {fix}")
    assert refusal(tmp_path, columns=Columns(label="species")) == (
        f"ERROR {path} has no label column species; it has image, animal | {fix}"
    )


@pytest.mark.parametrize("role", ["id", "label", "split", "group", "license", "purposes"])
@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (pa.array([{"a": 1}, {"a": 2}]), "struct<a: int64>"),
        (pa.array([["a"], ["b"]]), "list<element: string>"),
        (pa.array([b"a", b"\xff"]), "binary"),
        (pa.array([b"a", b"b"], pa.binary(1)), "fixed_size_binary[1]"),
    ],
)
def test_a_column_of_anything_but_texts_and_numbers(tmp_path, role, values, kind):
    columns = {"label": pa.array(["x", "y"])} | {role: values}
    write(tmp_path, train=plain(**columns))
    assert refusal(tmp_path, columns=Columns(**{role: role})) == (
        f"ERROR {tmp_path / 'train.parquet'}: {role} column {role} holds {kind}, expected a name "
        f"or a number a row | fix: name another column in the catalog entry, under columns: {role}:"
    )


def test_files_with_other_columns(tmp_path):
    write(tmp_path, a=plain(label=["x", "y"]), b=plain(animal=["x", "y"]))
    assert refusal(tmp_path) == (
        f"ERROR {tmp_path / 'b.parquet'} has no column label | fix: make the files alike"
    )


def test_files_with_other_class_names(tmp_path):
    """The same number would be one class in one file, and another in the next."""
    write(
        tmp_path,
        train=hugging_face([0, 1]),
        test=hugging_face([0, 1], start=2, names=["dog", "cat", "bird"]),
    )
    assert refusal(tmp_path).startswith(f"ERROR {tmp_path / 'train.parquet'} ")


def test_a_file_that_is_no_parquet(tmp_path):
    write(tmp_path, a=hugging_face([0]))
    path = tmp_path / "b.parquet"
    path.write_bytes(b"no Parquet at all")
    message = refusal(tmp_path)
    assert message.startswith(f"ERROR {path} is no readable Parquet file: ")
    assert message.endswith(" | fix: fetch it again")


@pytest.mark.parametrize("num_kept", [0, 3, 200])
def test_a_file_that_breaks_off(tmp_path, num_kept):
    write(tmp_path, a=hugging_face([0, 1]))
    path = tmp_path / "a.parquet"
    path.write_bytes(path.read_bytes()[:num_kept])
    assert refusal(tmp_path).startswith(f"ERROR {path} is no readable Parquet file: ")


def overwrite_column(path: Path, name: str) -> None:
    """Damage the pages of one column, and leave the rest of the file as it is."""
    group = pq.ParquetFile(path).metadata.row_group(0)
    chunks = [group.column(i) for i in range(group.num_columns)]
    chunk = next(chunk for chunk in chunks if chunk.path_in_schema == name)
    content = bytearray(path.read_bytes())
    start = chunk.dictionary_page_offset or chunk.data_page_offset
    content[start : start + chunk.total_compressed_size] = b"\xff" * chunk.total_compressed_size
    path.write_bytes(content)


def test_damaged_pages_are_named_with_their_place(tmp_path):
    write(tmp_path, a=hugging_face([0, 1]))
    overwrite_column(tmp_path / "a.parquet", "image.bytes")
    message = refusal(tmp_path)
    assert message.startswith(f"ERROR {tmp_path / 'a.parquet'} is damaged after row 0: ")
    assert message.endswith(" | fix: fetch it again")


@pytest.mark.parametrize("name", ["label", "split"])
def test_damage_that_shows_while_looking_is_named_too(tmp_path, name):
    write(tmp_path, a=plain(label=["x", "y"], split=["train", "test"]))
    overwrite_column(tmp_path / "a.parquet", name)
    assert refusal(tmp_path).startswith(f"ERROR {tmp_path / 'a.parquet'} ")


def test_an_id_that_is_null(tmp_path):
    write(tmp_path, a=plain(label=["x", "y"], key=["k", None]))
    assert refusal(tmp_path, columns=Columns(id="key")).startswith(
        f"ERROR {tmp_path / 'a.parquet'} "
    )
