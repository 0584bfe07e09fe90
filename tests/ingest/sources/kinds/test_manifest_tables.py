"""Tables of every kind are read alike; those that are none, or damaged, are named."""

import pytest

from tests.support.entries import Columns
from tests.support.manifests import ROWS, pets, refusal, rows, source, write_csv

__all__ = ["pets"]  # a fixture


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


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"path,label\na.jpg,cat\nb.jpg\n", "cannot be read: line 3 has 1 values, expected 2 |"),
        (
            "path,label\na.jpg,ネコ\n".encode("shift_jis"),
            "cannot be read: line 2 is no UTF-8, nor ",
        ),
        (b"", "has no column that names the image; it has none |"),
        (b"path,path,label\na,b,c\n", "has 2 columns called path |"),
    ],
)
def test_a_damaged_csv(pets, content, message):
    (pets / "labels.csv").write_bytes(content)
    found = refusal(pets / "labels.csv")
    assert found.startswith(f"ERROR {pets}/labels.csv ")
    assert message in found
    assert "\n" not in found


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32", "utf-8-sig", "cp1252"])
def test_other_encodings(pets, encoding):
    (pets / "labels.csv").write_bytes("path,label\nimages/1.jpg,Bär\n".encode(encoding))
    assert source(pets).target["classes"] == ["Bär"]


def test_how_a_table_was_read_is_said(pets):
    text = "path;label;note\nimages/1.jpg;BÃ¤r;x\nimages/2.jpg;-9;x\nimages/3.jpg;cafÃ©;\n"
    (pets / "labels.csv").write_text(text)
    assert source(pets, missing=["-9.0"]).notes == (
        "values are separated by semicolons",
        "2 rows of column label have UTF-8 that was once read as Windows-1252 and are left as "
        "they are: BÃ¤r, cafÃ©",
        "1 rows of column label have a value that the entry calls missing",
        "columns that are not used: note",
    )
    assert [row["label"] for row in rows(pets, missing={"label": [-9]})] == ["BÃ¤r", None, "cafÃ©"]


def test_paths_of_another_machine(pets):
    text = "path,label\nC:\\Users\\ada\\images\\1.jpg,cat\nc:/users/ada/images/2.jpg,dog\n"
    (pets / "labels.csv").write_text(text)
    found = rows(pets, columns=Columns(strip="C:\\Users\\ada"))
    assert [(row["id"], row["problem"]) for row in found] == [
        ("images/1.jpg", None),
        ("images/2.jpg", None),
    ]


def test_a_damaged_json(pets):
    (pets / "labels.jsonl").write_text('{"path": "a.jpg", "label": "cat"}\n{"path": \n')
    assert refusal(pets / "labels.jsonl").startswith(
        f"ERROR {pets}/labels.jsonl cannot be read: line 2 is no JSON: "
    )


def test_kinds_of_values_in_json(pets):
    path = pets / "labels.jsonl"
    path.write_text('{"path": "images/1.jpg", "label": "2020-01-01"}\n')
    assert source(pets).target["classes"] == ["2020-01-01"]
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


def test_quotes_and_newlines(pets):
    (pets / "labels.csv").write_text('path,label\nimages/1.jpg,"big, ""fat""\ncat"\n')
    assert [row["label"] for row in rows(pets)] == ['big, "fat"\\ncat']
