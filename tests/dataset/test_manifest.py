"""Manifests in every form give the same examples; what they say wrongly is named."""

import json
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from dataset.servers import Web, serve

from pipeline.dataset.catalog import Columns, Entry
from pipeline.dataset.sources import open_source
from pipeline.runtime.errors import SourceError

ROWS = [
    {"file_name": "images/1.jpg", "label": "cat", "split": "train", "group": "ada"},
    {"file_name": "images/2.jpg", "label": "dog", "split": "valid", "group": None},
    {"file_name": "images/ä 3.jpg", "label": "dog", "split": "test", "group": "bo, jr"},
    {"file_name": "images/4.jpg", "label": None, "split": "train", "group": "ada"},
]


def write_csv(path: Path, rows: list[dict], delimiter: str = ",", start: str = "") -> None:
    def cell(value: str | None) -> str:
        text = "" if value is None else str(value)
        return f'"{text}"' if any(c in text for c in ',;\t\n"') else text

    lines = [delimiter.join(rows[0])]
    lines += [delimiter.join(map(cell, row.values())) for row in rows]
    path.write_bytes((start + "\n".join(lines) + "\n").encode())


def write_jsonl(path: Path, rows: list[dict]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def write_parquet(path: Path, rows: list[dict]) -> None:
    pq.write_table(pa.Table.from_pylist(rows), path)


WRITERS = {
    "labels.csv": write_csv,
    "metadata.jsonl": write_jsonl,
    "manifest.parquet": write_parquet,
    "labels.tsv": lambda path, rows: write_csv(path, rows, "\t"),
    "data.csv": lambda path, rows: write_csv(path, rows, ";", "\ufeff"),
}


@pytest.fixture
def pets(here: Path) -> Path:
    folder = here / "pets"
    (folder / "images").mkdir(parents=True)
    for row in ROWS:
        (folder / row["file_name"]).write_bytes(f"image {row['file_name']}".encode())
    return folder


def source(uri: Path | str, **more):
    return open_source(Entry(uri=str(uri), license="CC0-1.0", **more), 1e6)


def rows(uri: Path | str, **more) -> list[dict]:
    return [row for read in source(uri, **more).batches for row in read().to_pylist()]


def problems(uri: Path | str, **more) -> dict[str, str | None]:
    return {row["id"]: row["problem"] for row in rows(uri, **more)}


def refusal(uri: Path | str, **more) -> str:
    with pytest.raises(SourceError) as caught:
        rows(uri, **more)
    return str(caught.value)


EXPECTED = [
    ("images/1.jpg", "cat", "train", "ada"),
    ("images/2.jpg", "dog", "val", None),
    ("images/ä 3.jpg", "dog", "test", "bo, jr"),
    ("images/4.jpg", None, "train", "ada"),
]


@pytest.mark.parametrize("name", WRITERS)
def test_every_form_says_the_same(pets, name):
    WRITERS[name](pets / name, ROWS)
    found = source(pets)
    assert (found.kind, found.classes) == ("manifest", ["cat", "dog"])
    assert (found.num_examples, found.splits) == (4, {"train", "val", "test"})
    examples = rows(pets)
    assert [(r["id"], r["label"], r["split"], r["group"]) for r in examples] == EXPECTED
    assert [r["image"] for r in examples] == [f"image {r['file_name']}".encode() for r in ROWS]
    assert rows(pets / name) == examples  # the uri may name the manifest itself


def test_an_archive_with_a_manifest(pets, here):
    write_csv(pets / "labels.csv", ROWS)
    with tarfile.open("pets.tar.gz", "w:gz") as archive:
        archive.add("pets", "pets-v2")
    with zipfile.ZipFile("pets.zip", "w") as archive:
        for path in pets.rglob("*"):
            archive.write(path, path.relative_to(pets))
    assert rows("pets.zip") == rows("pets") == rows("pets.tar.gz")


def test_a_manifest_in_each_split_folder(here):
    for split in ("train", "test"):
        (here / "hf" / split).mkdir(parents=True)
        (here / "hf" / split / "1.jpg").write_bytes(split.encode())
        row = {"file_name": "1.jpg", "label": "cat", "split": split}
        write_jsonl(here / "hf" / split / "metadata.jsonl", [row])
    found = [(row["id"], row["split"], row["image"]) for row in rows("hf")]
    assert found == [("test/1.jpg", "test", b"test"), ("train/1.jpg", "train", b"train")]


def test_columns_that_the_entry_names(pets):
    renamed = [
        {"photo": r["file_name"], "animal": r["label"], "key": n} for n, r in enumerate(ROWS)
    ]
    write_csv(pets / "labels.csv", renamed)
    columns = Columns(image="photo", label="animal", id="key")
    found = [(row["id"], row["label"]) for row in rows(pets, columns=columns)]
    assert found == [("0", "cat"), ("1", "dog"), ("2", "dog"), ("3", None)]
    assert refusal(pets / "labels.csv") == (
        f"ERROR {pets}/labels.csv has no column that names the image; it has photo, animal, key "
        "| fix: name it in the catalog entry, under columns: image:"
    )
    columns = Columns(image="photo", label="animal", group="owner")
    assert refusal(pets / "labels.csv", columns=columns) == (
        f"ERROR {pets}/labels.csv has no column owner; it has photo, animal, key "
        "| fix: correct columns: group: in the catalog entry"
    )


def test_numbers_are_indices_of_the_entrys_classes(pets):
    numbered = [{"path": row["file_name"], "label": n % 2} for n, row in enumerate(ROWS)]
    write_csv(pets / "labels.csv", numbered)
    assert source(pets).classes == ["0", "1"]
    assert [row["label"] for row in rows(pets, classes=["cat", "dog"])] == ["cat", "dog"] * 2
    assert [row["label"] for row in rows(pets, classes=["1", "0"])] == ["0", "1"] * 2


def test_licences_and_purposes_of_rows(pets):
    terms = [("CC0-1.0", "research, training"), ("MIT", ""), ("", "research"), ("MIT", "a;b")]
    table = [
        {"path": row["file_name"], "label": "cat", "licence": license, "purposes": purposes}
        for row, (license, purposes) in zip(ROWS, terms, strict=True)
    ]
    write_csv(pets / "labels.csv", table)
    found = rows(pets)
    assert [row["license"] for row in found] == ["CC0-1.0", "MIT", None, "MIT"]
    assert [row["purposes"] for row in found] == ["research training", None, "research", "a b"]
    assert [row["problem"] for row in found] == [None, None, "no licence", None]


def test_what_a_path_may_not_be(pets, here):
    (here / "outside.jpg").write_bytes(b"secret")
    (pets / "images/link.jpg").symlink_to(here / "outside.jpg")
    (pets / "images/folder.jpg").mkdir()
    named = [
        "images/1.jpg", "./images/../images/2.jpg", "images\\4.jpg", "../outside.jpg",
        f"{here}/outside.jpg", "images/../../o.jpg", "images/link.jpg", "images/none.jpg",
        "images/folder.jpg", "file:///etc/hostname", "",
    ]  # fmt: skip
    outside = "a path that leads outside the folder"
    expected = [
        None, None, None, outside, outside, outside, "a link that leads outside the folder",
        "there is no such file", "no regular file", outside, "no file named",
    ]  # fmt: skip
    write_csv(pets / "labels.csv", [{"path": name, "label": "cat"} for name in named])
    for uri in (pets, pets / "labels.csv"):
        found = rows(uri)
        assert [row["problem"] for row in found] == expected
        assert all((row["image"] is None) == (row["problem"] is not None) for row in found)


def test_several_annotators(pets):
    said = {
        "images/1.jpg": ["cat", "dog", "cat"],
        "images/2.jpg": ["dog", "cat", None],  # equal: the first in the file
        "images/4.jpg": [None, None, None],
    }
    table = [
        {"path": path, "label": label, "annotator": f"a{number}"}
        for number in range(3)
        for path, labels in said.items()
        for label in [labels[number]]
    ]
    write_csv(pets / "labels.csv", table)
    found = source(pets)
    assert found.num_examples == 3
    assert found.annotations.to_pylist() == [
        {"id": row["path"], "annotator": row["annotator"], "label": row["label"]}
        for row in table
        if row["label"] is not None
    ]
    labels = {row["id"]: row["label"] for row in rows(pets)}
    assert labels == {"images/1.jpg": "cat", "images/2.jpg": "dog", "images/4.jpg": None}


def test_a_row_that_repeats_and_one_that_contradicts(pets):
    table = [{"path": "images/1.jpg", "label": "cat"}] * 2
    write_csv(pets / "labels.csv", table)
    assert [row["id"] for row in rows(pets)] == ["images/1.jpg"]
    write_csv(pets / "labels.csv", [*table, {"path": "images/1.jpg", "label": "dog"}])
    assert refusal(pets) == (
        f"ERROR {pets} says two things of images/1.jpg; the second in row 3: cat and dog "
        "| fix: keep one row for each image, or name the annotator of each in a column"
    )


def test_unknown_splits(pets):
    table = [row | {"split": "eval"} for row in ROWS]
    write_csv(pets / "labels.csv", table)
    assert refusal(pets).startswith(f"ERROR {pets} has the unknown split 'eval' | fix: the known")
    write_csv(pets / "labels.csv", [*table[:1], *ROWS[1:]])
    assert problems(pets)["images/1.jpg"] == "unknown split eval"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"path,label\na.jpg,cat\nb.jpg\n", "CSV parse error: Expected 2 columns, got 1: b.jpg"),
        (b"path,label\na.jpg,\xff\n", "invalid UTF8"),
        (b"", "Empty CSV file"),
        (b"path,path\na,b\n", "two columns of one name: path, path"),
    ],
)
def test_a_damaged_csv(pets, content, message):
    (pets / "labels.csv").write_bytes(content)
    found = refusal(pets / "labels.csv")
    assert found.startswith(f"ERROR {pets}/labels.csv ")
    assert message in found
    assert "\n" not in found


def test_a_damaged_json(pets):
    (pets / "labels.jsonl").write_text('{"path": "a.jpg", "label": "cat"}\n{"path": \n')
    assert refusal(pets / "labels.jsonl").startswith(
        f"ERROR {pets}/labels.jsonl cannot be read: JSON parse error"
    )


def test_a_header_alone(pets):
    (pets / "labels.csv").write_text("path,label\n")
    assert source(pets).num_examples == 0


def test_two_manifests(pets):
    for name in ("labels.csv", "metadata.csv"):
        write_csv(pets / name, ROWS)
    assert refusal(pets) == (
        f"ERROR {pets} has several manifests: labels.csv, metadata.csv "
        "| fix: point uri at the one that counts"
    )


def test_a_table_that_names_no_images_is_no_manifest(pets):
    (pets / "cat").mkdir()
    (pets / "cat/1.jpg").write_bytes(b"cat")
    (pets / "labels.csv").write_text("owner,weight\nada,3\n")
    assert source(pets).kind == "folders"


def test_quotes_and_newlines(pets):
    (pets / "labels.csv").write_text('path,label\nimages/1.jpg,"big, ""fat""\ncat"\n')
    assert [row["label"] for row in rows(pets)] == ['big, "fat"\ncat']


@pytest.fixture
def web(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    monkeypatch.setenv("GROUNDWORK_CACHE", str(tmp_path / "cache"))
    files = {f"/photos/{n}.jpg": f"photo {n}".encode() for n in range(40)}
    with serve(Web(files=files)) as web:
        yield web


def test_images_behind_urls(pets, web):
    table = [
        {"url": web.url(f"/photos/{n}.jpg?token=secret"), "label": "cat"} for n in range(41)
    ] + [{"url": "images/1.jpg", "label": "dog"}]
    write_csv(pets / "labels.csv", table)
    found = rows(pets)
    assert len(found) == 42
    assert [row["image"] for row in found[:40]] == [f"photo {n}".encode() for n in range(40)]
    assert found[0]["id"] == found[0]["source"] == web.url("/photos/0.jpg")
    assert found[40]["problem"] == (
        f"{web.url('/photos/40.jpg')} cannot be fetched: the server says 404 Not Found"
    )
    assert (found[41]["image"], found[41]["source"]) == (b"image images/1.jpg", None)


def test_a_manifest_behind_a_url_has_its_images_beside_it(pets, web):
    write_csv(pets / "labels.csv", [{"path": "photos/1.jpg", "label": "cat"}])
    web.files["/labels.csv"] = (pets / "labels.csv").read_bytes()
    (found,) = rows(web.url("/labels.csv"))
    assert (found["id"], found["image"]) == ("photos/1.jpg", b"photo 1")
    assert found["source"] == web.url("/photos/1.jpg")
