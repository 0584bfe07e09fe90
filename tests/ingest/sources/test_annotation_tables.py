"""Tables of several people's labels, in every form that is read, and what is refused in them."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.ingest.sources import annotations as annotation_tables
from pipeline.ingest.sources.annotations import fetch_annotations
from pipeline.runtime.errors import SourceError
from pipeline.sources.tables import delimited
from tests.support.entries import LABELS, Entry, open_source
from tests.support.servers import Web, serve

CLASSES = ["cat", "dog", "bird"]
HEADER = "id,annotator,label\n"
SAID = [("1.jpg", "ada", "cat"), ("1.jpg", "bo", "dog"), ("ä 2.jpg", "ada", "bird")]


def read(path: Path | str = "said.csv") -> list[tuple[str, str, str]]:
    return [
        tuple(row.values())
        for row in fetch_annotations(str(path), LABELS, {"classes": CLASSES}).to_pylist()
    ]


def refusal(content: str | bytes | pa.Table) -> str:
    if isinstance(content, pa.Table):
        pq.write_table(content, "said.csv")  # what it is called does not matter
    else:
        content = content.encode() if isinstance(content, str) else content
        Path("said.csv").write_bytes(content)
    with pytest.raises(SourceError) as caught:
        read()
    return str(caught.value)


def columns(**changed: pa.Array) -> pa.Table:
    ids, annotators, labels = map(pa.array, zip(*SAID, strict=True))
    return pa.table({"id": ids, "annotator": annotators, "label": labels} | changed)


@pytest.mark.parametrize(
    "text",
    [
        HEADER + "1.jpg,ada,cat\n1.jpg,bo,dog\nä 2.jpg,ada,bird\n",
        "\ufeff" + "label;id;annotator\r\ncat;1.jpg;ada\r\ndog;1.jpg;bo\r\nbird;ä 2.jpg;ada\r\n",
        "id\tnote\tannotator\tlabel\n1.jpg\t\tada\tcat\n1.jpg\t\tbo\tdog\nä 2.jpg\tx\tada\tbird",
        HEADER + '"1.jpg",ada,"cat"\n1.jpg,"bo",dog\n"a\u0308 2.jpg" , ada, bird\n',
        HEADER + "1.jpg,ada,0\n1.jpg,bo,1\nä 2.jpg,ada,2\n",
        HEADER + "1.jpg,ada,cat\n1.jpg,ada,cat\n1.jpg,bo,dog\n2.jpg,,\nä 2.jpg,ada,bird\n",
    ],
    ids=["csv", "semicolons", "tabs", "quotes", "indices", "repeats and blanks"],
)
def test_text_in_every_form(here, text):
    Path("said.csv").write_bytes(text.encode())
    assert read() == SAID


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"label": pa.array([0, 1, 2], pa.int8())},
        {"label": pa.array(["cat", "dog", "bird"]).dictionary_encode()},
        {"note": pa.array([1.0, 2.0, 3.0])},
    ],
    ids=["names", "indices", "dictionary", "more columns"],
)
def test_parquet_in_every_form(here, changed):
    pq.write_table(columns(**changed), "said.parquet")
    assert read("said.parquet") == SAID


def test_classes_that_are_numbers_are_names(here):
    Path("said.csv").write_text(HEADER + "a,ada,1\nb,ada,2\n")
    assert fetch_annotations("said.csv", LABELS, {"classes": ["2", "1"]})["label"].to_pylist() == [
        "1",
        "2",
    ]


def test_it_is_read_in_batches(here, monkeypatch):
    monkeypatch.setattr(delimited, "BLOCK_BYTES", 100)
    monkeypatch.setattr(annotation_tables, "ROWS_AT_ONCE", 7)
    rows = [(f"{number % 10}.jpg", f"a{number // 10}", CLASSES[number % 3]) for number in range(50)]
    Path("said.csv").write_text(HEADER + "".join(",".join(row) + "\n" for row in rows))
    assert read() == rows
    table = pa.table(list(map(pa.array, zip(*rows, strict=True))), names=HEADER[:-1].split(","))
    pq.write_table(table, "said.parquet")
    assert read("said.parquet") == rows


def test_from_a_url(here, tmp_path, monkeypatch):
    monkeypatch.setenv("GROUNDWORK_CACHE", str(tmp_path / "cache"))
    with serve(Web({"/said.csv": (HEADER + "1.jpg,ada,cat\n").encode()})) as web:
        assert read(web.url("/said.csv?key=secret")) == SAID[:1]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            "id,worker,label\na,b,cat\n",
            "has no column annotator; it has id, worker, label "
            "| fix: give it the columns id, annotator, label",
        ),
        (
            "id,annotator,label,id\n",
            "has 2 columns id; it has id, annotator, label, id "
            "| fix: give it the columns id, annotator, label",
        ),
        ("", "has no column id; it has none | fix: give it the columns id, annotator, label"),
        (HEADER, "has no labels | fix: fill it, or remove annotations: from the entry"),
        (HEADER + "a,b,\n", "has no labels | fix: fill it, or remove annotations: from the entry"),
        (columns().slice(3), "has no labels | fix: fill it, or remove annotations: from the entry"),
        (
            HEADER + 'a,"b\nc",cat\n\na,d,fish\na,e,Dog\nb,e,fish\nc,e,\nd,e,0\nf,e,x\n',
            "has labels that are no class, from line 5 on: 'fish', 'Dog', '0' and 1 more "
            "| fix: the classes are cat, dog, bird; correct the labels, or classes: in the "
            "catalog entry",
        ),
        (
            columns(label=pa.array([0, 1, -1])),
            "has labels that are no class, from row 2 on: '-1' | fix: the classes are cat, dog, "
            "bird; correct the labels, or classes: in the catalog entry",
        ),
        (HEADER + "a,ada,cat\n,ada,dog\n", ", line 3 has no id | fix: fill it in"),
        (HEADER + "a,ada,cat\n\nb,  ,dog\n", ", line 4 has no annotator | fix: fill it in"),
        (
            HEADER + "a,ada,cat\nb,ada,dog\nb,bo,dog\nb,ada,cat\na,ada,bird\n",
            "has two labels of one annotator for b: line 3 and line 5 differ (dog, cat); so do 1 "
            "more | fix: keep the one that counts",
        ),
        (
            HEADER + "a,source,cat\n",
            "has an annotator called source, which the source's own labels count as "
            "| fix: rename the annotator",
        ),
        (
            columns(label=pa.array([0.0, 1.0, 2.0])),
            "has double in column label, expected texts or whole numbers "
            "| fix: write it in another type",
        ),
        (
            HEADER + "a,ada,cat\nb,ada\n",
            "cannot be read: line 3 has 2 values, expected 3 | fix: save it as UTF-8 CSV with a "
            "value for each column in each row, or as Parquet",
        ),
        (
            (HEADER + "ネコ,ada,cat\n").encode("shift_jis"),
            "cannot be read: line 2 is no UTF-8, nor does it look like Western European "
            "(Windows-1252) | fix: save it as UTF-8 CSV with a value for each column in each row, "
            "or as Parquet",
        ),
    ],
)
def test_what_is_refused(here, content, message):
    start = "ERROR annotations said.csv"
    assert refusal(content) == start + (message if message[0] == "," else " " + message)


def test_a_line_is_told_beside_columns_in_another_encoding(here):
    content = "id,annotator,label,note\na,ada,cat,größe\nb,ada,fish,x\n".encode("latin-1")
    assert "labels that are no class, from line 3 on: 'fish'" in refusal(content)


def test_damaged_parquet_is_refused(here):
    pq.write_table(columns(), "said.csv")
    data = Path("said.csv").read_bytes()
    assert refusal(data[:-20]).startswith(
        "ERROR annotations said.csv is no readable Parquet file: its end is missing |"
    )


def test_what_is_not_there_is_refused(here):
    with pytest.raises(SourceError) as caught:
        read("nowhere.csv")
    assert str(caught.value) == (
        "ERROR annotations nowhere.csv does not exist or is no file "
        "| fix: name a CSV or Parquet file; relative paths start at the repository root"
    )


def test_an_entry_brings_annotators_beside_any_source_but_one_that_names_them(here, png):
    for number, label in enumerate(["cat", "dog"]):
        Path(label).mkdir()
        Path(label, f"{number}.png").write_bytes(png(number))
    Path("said.csv").write_text(HEADER + "cat/0.png,ada,dog\n")
    entry = Entry(uri=str(here), license="CC0-1.0", annotations="said.csv", kind="folders")
    assert open_source(entry).annotations.to_pylist() == [
        {"id": "cat/0.png", "annotator": "ada", "label": "dog"}
    ]
    Path("rows.csv").write_text("path,label,annotator\ncat/0.png,cat,ada\n")
    with pytest.raises(SourceError) as caught:
        open_source(entry.model_copy(update={"uri": "rows.csv", "kind": "manifest"}))
    assert str(caught.value) == (
        "ERROR rows.csv names annotators, and so does annotations "
        "| fix: bring all labels into one of them"
    )
