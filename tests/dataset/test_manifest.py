"""Manifests in every form give the same examples; what they say wrongly is named."""

import json
import os
import tarfile
import unicodedata
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


def test_folders_tell_the_split_where_no_column_does(here):
    for name in ("train/1.jpg", "valid/1.jpg", "test/1.jpg"):
        (here / "hf" / name).parent.mkdir(parents=True)
        (here / "hf" / name).write_bytes(name.encode())
        write_csv(
            here / "hf" / name.replace("1.jpg", "metadata.csv"), [{"file": "1.jpg", "label": 1}]
        )
    expected = {"test/1.jpg": "test", "train/1.jpg": "train", "valid/1.jpg": "val"}
    assert {row["id"]: row["split"] for row in rows("hf")} == expected
    for path in (here / "hf").rglob("*.csv"):
        path.unlink()
    table = [{"file": name, "label": 1} for name in expected]
    write_csv(here / "hf/labels.csv", table)
    assert {row["id"]: row["split"] for row in rows("hf")} == expected
    (here / "hf/1.jpg").write_bytes(b"elsewhere")
    write_csv(here / "hf/labels.csv", [*table, {"file": "1.jpg", "label": 1}])
    assert {row["split"] for row in rows("hf")} == {None}  # these folders are something else


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


def test_labels_that_are_no_class(pets):
    labels = [1, 7, -1, None]
    table = [
        {"path": row["file_name"], "label": label} for row, label in zip(ROWS, labels, strict=True)
    ]
    write_csv(pets / "labels.csv", table)
    found = rows(pets, classes=["cat", "dog"])
    assert [row["label"] for row in found] == ["dog", "7", None, None]
    assert [row["problem"] for row in found] == [
        None, "label 7 is none of the classes", None, None
    ]  # fmt: skip
    write_csv(pets / "labels.csv", [row | {"label": "bird"} for row in table])
    assert refusal(pets, classes=["cat", "dog"]) == (
        f"ERROR {pets} has no label that the entry's classes name; the first is 'bird' "
        "| fix: correct classes: in the catalog entry, or leave it out"
    )


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
    (pets / "up").symlink_to(here)
    named = [
        "images/1.jpg", "./images/../images/2.jpg", "images\\4.jpg", "../outside.jpg",
        f"{here}/outside.jpg", "images/../../o.jpg", "images/link.jpg", "images/none.jpg",
        "images/folder.jpg", "..", "C:\\o.jpg", str(here / "outside.jpg").replace("/", "\\"),
        "up/outside.jpg", "images/a\0b.jpg", "",
    ]  # fmt: skip
    outside = "a path that leads outside the folder"
    expected = [
        None, None, None, outside, outside, outside, "a link that leads outside the folder",
        "there is no such file", "no regular file", outside, outside, outside,
        "in a folder that leads outside", "a name with control characters", "no file named",
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


def test_what_annotators_may_not_differ_in(pets):
    table = [
        {"path": "images/1.jpg", "label": label, "worker": worker, "split": "train"}
        for label, worker in [("cat", "ada"), ("dog", "bo"), ("dog", "bo")]
    ]
    write_csv(pets / "labels.csv", table)
    assert [row["label"] for row in rows(pets)] == ["cat"]  # saying it twice is one vote
    assert source(pets).annotations.num_rows == 2
    fix = "fix: let the rows of an image differ in annotator and label alone"
    write_csv(pets / "labels.csv", [*table, table[0] | {"label": "dog"}])
    assert refusal(pets) == (
        f"ERROR {pets} says two things of images/1.jpg: line 2 and line 5 differ in label "
        f"(cat, dog) | {fix}"
    )
    write_csv(pets / "labels.csv", [*table, table[0] | {"worker": "cy", "split": "test"}])
    assert refusal(pets) == (
        f"ERROR {pets} says two things of images/1.jpg: line 2 and line 5 differ in split "
        f"(train, test) | {fix}"
    )


@pytest.mark.parametrize("name", WRITERS)
def test_a_row_that_repeats_and_one_that_contradicts(pets, name):
    table = [{"path": "images/1.jpg", "label": "cat"}] * 2
    WRITERS[name](pets / name, table)
    assert [row["id"] for row in rows(pets)] == ["images/1.jpg"]
    others = [{"path": "images/2.jpg", "label": label} for label in ("cat", "dog")]
    WRITERS[name](pets / name, [*table, {"path": "images/1.jpg", "label": "dog"}, *others])
    lines = "row 0 and row 2" if name.endswith(".parquet") else "line 2 and line 4"
    lines = "line 1 and line 3" if name.endswith(".jsonl") else lines
    assert refusal(pets) == (
        f"ERROR {pets} says two things of images/1.jpg: {lines} differ in label (cat, dog); so do "
        "rows of 1 more "
        "| fix: keep one row for each image, or name the annotator of each in a column"
    )


def test_lines_are_those_of_an_editor(pets):
    (pets / "labels.csv").write_text(
        'path,label\nimages/1.jpg,"a\nb"\n\nimages/2.jpg,a\nimages/2.jpg,"b\nc"\n'
    )
    assert "line 5 and line 6 differ in label (a, b\\nc)" in refusal(pets)


def test_rows_that_name_no_file_are_no_repeats(pets):
    named = [("images/1.jpg", "cat"), ("", "cat"), ("", "dog")]
    write_csv(pets / "labels.csv", [{"path": path, "label": label} for path, label in named])
    assert problems(pets) == {
        "images/1.jpg": None,
        "labels.csv:1": "no file named",
        "labels.csv:2": "no file named",
    }


def test_letters_that_are_written_in_two_ways(pets):
    labels = [unicodedata.normalize(form, "Bär") for form in ("NFC", "NFD")]
    table = [{"path": f"images/{n}.jpg", "label": labels[n - 1]} for n in (1, 2)]
    write_csv(pets / "labels.csv", table)
    assert source(pets).classes == [labels[0]]


def test_unknown_splits(pets):
    table = [row | {"split": "eval"} for row in ROWS]
    write_csv(pets / "labels.csv", table)
    assert refusal(pets).startswith(f"ERROR {pets} has the unknown split 'eval' | fix: the known")
    write_csv(pets / "labels.csv", [*table[:1], *ROWS[1:]])
    assert problems(pets)["images/1.jpg"] == "unknown split eval"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"path,label\na.jpg,cat\nb.jpg\n", "cannot be read: line 3 has 1 values, expected 2 |"),
        (b"path,label\na.jpg,\xff\n", "cannot be read: line 2 is no UTF-8 |"),
        ("path,label\na.jpg,cat\n".encode("utf-16"), "cannot be read: line 1 is no UTF-8 |"),
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
        f"ERROR {pets}/labels.jsonl cannot be read: line 2 is no JSON: "
    )


def test_kinds_of_values_in_json(pets):
    path = pets / "labels.jsonl"
    path.write_text('{"path": "images/1.jpg", "label": "2020-01-01"}\n')
    assert source(pets).classes == ["2020-01-01"]
    path.write_text('{"path": "images/1.jpg"}\n{"path": "images/2.jpg", "label": "cat"}\n')
    assert [row["label"] for row in rows(pets)] == [None, "cat"]
    path.write_text('{"path": "images/1.jpg", "label": ["cat", "dog"]}\n')
    assert refusal(pets).startswith(
        f"ERROR labels.jsonl of {pets} has list<item: string> in column label, expected a text"
    )


def test_a_manifest_called_like_each_split(pets):
    for name, row in zip(("train.csv", "valid.csv", "test.CSV"), ROWS, strict=False):
        write_csv(pets / name, [{"path": row["file_name"], "label": "cat", "": None}])
    found = {row["id"]: row["split"] for row in rows(pets)}
    assert found == {
        row["file_name"]: split for row, split in zip(ROWS, ("train", "val", "test"), strict=False)
    }
    write_csv(pets / "metadata.csv", ROWS)
    assert "has several manifests: " in refusal(pets)


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


def test_a_table_that_names_other_files_is_no_manifest(pets):
    (pets / "data.csv").write_text("file,category\nletter.pdf,tax\nlist.xls,tax\n")
    assert source(pets).kind == "folders"
    (pets / "data.csv").write_text("file,category\nletter.pdf,tax\nimages/4.jpg,tax\n")
    assert source(pets).kind == "manifest"


def test_a_table_that_holds_the_images_is_no_manifest(here):
    (here / "pets").mkdir()
    for image in (pa.array([b"1"]), pa.array([{"bytes": b"1", "path": "1.jpg"}])):
        table = pa.table({"image": image, "filename": ["1.jpg"], "label": ["cat"]})
        pq.write_table(table, here / "pets/train.parquet")
        assert source("pets").kind == "parquet"
        assert rows("pets")[0]["image"] == b"1"


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
    found = {row["id"]: row for row in rows(pets)}
    assert len(found) == 42
    urls = [web.url(f"/photos/{n}.jpg") for n in range(41)]
    assert [found[url]["image"] for url in urls[:40]] == [f"photo {n}".encode() for n in range(40)]
    assert [found[url]["source"] for url in urls] == urls
    assert found[urls[40]]["problem"] == (
        f"{urls[40]} cannot be fetched: the server says 404 Not Found"
    )
    local = found["images/1.jpg"]
    assert (local["image"], local["source"]) == (b"image images/1.jpg", None)


def test_few_images_of_unknown_size_are_in_memory_at_once(pets, web):
    write_csv(
        pets / "labels.csv",
        [{"url": web.url(f"/photos/{n}.jpg"), "label": "cat"} for n in range(200)],
    )
    found = source(pets)
    sizes = [len(batch.urls) for batch in found.batches]
    assert (max(sizes), sum(sizes)) == (64, 200)


def test_what_a_url_may_not_be(pets, web, here):
    (here / "outside.jpg").write_bytes(b"secret")
    schemes = "a URL that starts with none of http://, https://, s3://, gs://, az://, abfs://"
    expected = {
        f"file://{here}/outside.jpg": schemes,
        f"local://{here}/outside.jpg": schemes,
        "ftp://example.org/1.jpg": schemes,
        f"s3://photos::file://{here}/outside.jpg": "a chain of file systems",
        "http://ada:secret@[broken/1.jpg": "no valid URL",
        web.url("/photos/1.jpg").replace("http", "HTTP"): None,
    }
    write_csv(pets / "labels.csv", [{"url": url, "label": "cat"} for url in expected])
    found = rows(pets / "labels.csv")
    assert sorted(str(row["problem"]) for row in found) == sorted(map(str, expected.values()))
    assert [row["image"] for row in found if row["problem"] is None] == [b"photo 1"]
    assert "secret" not in "".join(row["id"] for row in found)


def test_urls_that_differ_in_their_query_alone(pets, web):
    table = [{"url": web.url(f"/photo?id={n}"), "label": "cat", "key": n} for n in (1, 2)]
    write_csv(pets / "labels.csv", table)
    assert refusal(pets) == (
        f"ERROR {pets} says two things of {web.url('/photo')}: line 2 and line 3 differ in image "
        "| fix: give each image an id of its own, in a column id"
    )
    assert source(pets, columns=Columns(id="key")).num_examples == 2


def test_a_manifest_behind_a_url_has_its_images_beside_it(pets, web):
    write_csv(pets / "labels.csv", [{"path": "photos/1.jpg", "label": "cat"}])
    web.files["/labels.csv"] = (pets / "labels.csv").read_bytes()
    (found,) = rows(web.url("/labels.csv?signature=secret"))
    assert (found["id"], found["image"]) == ("photos/1.jpg", b"photo 1")
    assert found["source"] == web.url("/photos/1.jpg")


def hostile_paths(here: Path) -> list[str]:
    """Paths to a file here that is nobody's business."""
    secret = here / "outside.jpg"
    secret.write_bytes(b"secret")
    relative = os.path.relpath(secret)
    return [f"file://{secret}", str(secret), str(secret).replace("/", "\\"), f"x/../../{relative}"]


def test_a_manifest_behind_a_url_reads_nothing_here(pets, web, here):
    write_csv(pets / "labels.csv", [{"path": p, "label": "a"} for p in hostile_paths(here)])
    web.files["/d/labels.csv"] = (pets / "labels.csv").read_bytes()
    web.files["/outside.jpg"] = b"above"
    found = rows(web.url("/d/labels.csv"))
    assert [(row["image"], row["problem"] is None) for row in found] == [(None, False)] * 4


@pytest.fixture
def s3(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[object]:
    """A client of an empty bucket `photos` on a real S3 server."""
    import boto3
    import s3fs
    from moto.server import ThreadedMotoServer

    s3fs.S3FileSystem.clear_instance_cache()
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    monkeypatch.setenv("GROUNDWORK_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    client = boto3.client("s3")
    client.create_bucket(Bucket="photos")
    yield client
    server.stop()


def test_a_manifest_on_s3(pets, s3, here):
    named = ["images/ä 3.jpg", "images/none.jpg", *hostile_paths(here)]
    write_csv(pets / "labels.csv", [{"path": path, "label": "a"} for path in named])
    for name in ("labels.csv", "images/ä 3.jpg"):
        s3.upload_file(str(pets / name), "photos", f"v1/{name}")
    found = rows("s3://photos/v1/labels.csv")
    images = {row["id"]: row["image"] for row in found if row["problem"] is None}
    assert images == {"images/ä 3.jpg": "image images/ä 3.jpg".encode()}
    assert len(found) == len(named)
