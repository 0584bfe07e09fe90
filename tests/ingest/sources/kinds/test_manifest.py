"""Manifests in every form give the same examples."""

import tarfile
import zipfile

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.support.manifests import (
    ROWS,
    WRITERS,
    pets,
    refusal,
    rows,
    source,
    web,
    write_csv,
    write_jsonl,
)

__all__ = ["pets", "web"]  # fixtures


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
    assert (found.kind, found.target["classes"]) == ("manifest", ["cat", "dog"])
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


def test_numbers_are_indices_of_the_entrys_classes(pets):
    numbered = [{"path": row["file_name"], "label": n % 2} for n, row in enumerate(ROWS)]
    write_csv(pets / "labels.csv", numbered)
    assert source(pets).target["classes"] == ["0", "1"]
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


def test_urls_and_files_in_many_batches_are_each_there_once(pets, web, monkeypatch):
    monkeypatch.setattr("pipeline.ingest.sources.kinds.manifest.source.EXAMPLES_PER_BATCH", 8)
    monkeypatch.setattr("pipeline.ingest.sources.kinds.manifest.source.URLS_PER_BATCH", 3)
    write = pets / "images"
    for number in range(30):
        (write / f"more-{number:02d}.jpg").write_bytes(b"%d" % number)
    table = [{"url": f"images/more-{number:02d}.jpg", "label": "dog"} for number in range(30)]
    table += [{"url": web.url(f"/photos/{n}.jpg"), "label": "cat"} for n in range(40)]
    table = [table[(11 * place) % 70] for place in range(70)]
    write_csv(pets / "labels.csv", table)
    found = rows(pets)
    assert sorted(row["id"] for row in found) == sorted(row["url"] for row in table)
    assert source(pets).num_examples == 70
    assert not any(row["problem"] for row in found)


def test_few_images_of_unknown_size_are_in_memory_at_once(pets, web):
    write_csv(
        pets / "labels.csv",
        [{"url": web.url(f"/photos/{n}.jpg"), "label": "cat"} for n in range(200)],
    )
    found = source(pets)
    sizes = [len(batch.urls) for batch in found.batches]
    assert (max(sizes), sum(sizes)) == (64, 200)
