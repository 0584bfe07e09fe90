"""A repository with rows in git, and with the data that they are of."""

from pathlib import Path

import pyarrow as pa

from pipeline.dataset.rows import COLUMNS, PARTS_FOLDER, ROWS_FILE, SCHEMA, write_rows
from tests.support.repository import Repository

PARAMS = "dataset: pets\nmodality: images\ntarget: classes\n"


def make_repository(path: Path) -> Repository:
    path.mkdir(parents=True, exist_ok=True)
    (path / "params.yaml").write_text(PARAMS)
    (path / "reports/data").mkdir(parents=True)
    (path / ".gitignore").write_text("/data/\n")
    repository = Repository(path)
    repository.run("git init -q -b main")
    return repository


def put(repository: Repository, rows: pa.Table, message: str = "") -> str:
    """Write rows as describe does, and commit them if there is a message; returns the commit."""
    parts = repository.path / PARTS_FOLDER
    for old in parts.glob("*"):
        old.unlink()
    if parts.exists():
        parts.rmdir()
    write_rows(repository.path / ROWS_FILE, parts, rows)
    if message:
        repository.commit(message)
    return repository.run("git rev-parse --short HEAD").strip() if message else ""


def rows_of(*lines: str) -> pa.Table:
    """Lines of rows.csv without commas in their cells as a table."""
    cells = [line.split(",") for line in lines]
    columns = list(map(list, zip(*cells, strict=True))) or [[] for _ in COLUMNS]
    return pa.table([pa.array(column, pa.string()) for column in columns], schema=SCHEMA)
