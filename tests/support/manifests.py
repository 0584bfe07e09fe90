"""What tests of manifests share: four images, the same rows in every form, a web server."""

import json
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.runtime.errors import SourceError
from tests.support.entries import Entry, open_source
from tests.support.servers import Web, serve

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


@pytest.fixture
def web(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    monkeypatch.setenv("GROUNDWORK_CACHE", str(tmp_path / "cache"))
    files = {f"/photos/{n}.jpg": f"photo {n}".encode() for n in range(40)}
    with serve(Web(files=files)) as web:
        yield web
