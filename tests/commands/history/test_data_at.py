"""data/raw as it was: out of DVC's cache, out of the workspace where that is the same, or not."""

import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from pipeline.commands.diff import __main__ as diff
from pipeline.commands.diff.arguments import parser
from pipeline.commands.history.contents import contents_of
from pipeline.commands.history.data_at import raw_at, tables_of
from pipeline.dataset.rows import as_rows
from pipeline.dataset.table import write_index, write_part
from pipeline.modalities.images.content.decoding import encode_png
from tests.support.asking import ask
from tests.support.image_schema import RAW_SCHEMA
from tests.support.many_examples import ABOUT, made_up
from tests.support.repository import Repository
from tests.support.rows_repository import make_repository, put

STAGE = "stages:\n  ingest:\n    cmd: cp -r data/made data/raw\n    outs: [data/raw]\n"


def raw_of(ids: list[str]) -> pa.Table:
    table = made_up(3).slice(0, len(ids))
    pictures = [encode_png(np.full((4, 4, 1), len(id), np.uint8)) for id in ids]
    table = table.set_column(0, RAW_SCHEMA.field("id"), pa.array(ids))
    return table.set_column(1, RAW_SCHEMA.field("image"), pa.array(pictures))


def build(repository: Repository, ids: list[str], message: str) -> None:
    """data/raw by DVC, and its rows, in a commit."""
    made = repository.path / "data/made"
    shutil.rmtree(made, ignore_errors=True)
    made.mkdir(parents=True)
    table = raw_of(ids)
    write_index(made, [write_part(made, 0, table)], RAW_SCHEMA, **ABOUT)
    repository.run("dvc repro -q --force")
    put(repository, as_rows(table, "label"), message)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    repository = make_repository(tmp_path_factory.mktemp("history") / "clone")
    (repository.path / "dvc.yaml").write_text(STAGE)
    repository.run("dvc init -q")
    build(repository, ["a", "bb", "ccc"], "first")
    build(repository, ["a", "bb"], "second")
    (repository.path / "notes.txt").write_text("x")
    repository.commit("third")
    return repository


@pytest.fixture
def repository(made: Repository, monkeypatch: pytest.MonkeyPatch) -> Repository:
    monkeypatch.chdir(made.path)
    return made


def ids_at(revision: str | None) -> list[str]:
    raw = raw_at(revision)
    assert raw is not None
    return [id for _, table in tables_of(raw, ["id"]) for id in table["id"].to_pylist()]


def test_versions_of_the_cache(repository):
    assert ids_at("HEAD~2") == ["a", "bb", "ccc"]
    assert ids_at("HEAD~1") == ids_at(None) == ["a", "bb"]
    raw = raw_at("HEAD~2")
    found = contents_of(raw, ["ccc", "nobody"], ["image"])
    assert list(found) == ["ccc"]
    assert found["ccc"]["image"].startswith(b"\x89PNG")


def test_what_is_gone_is_named_and_drawn_by_the_cache(repository, capsys, tmp_path):
    found = ask(diff, parser, capsys, "HEAD~2", "--pictures", str(tmp_path / "x.png"))
    assert "\nremoved     1  " in found.out
    assert "\n    ccc  " in found.out
    assert found.err == f"1 example drawn: {tmp_path}/x.png\n"


def test_without_a_cache(repository):
    """What the workspace has is the version of each commit whose dvc.lock says so."""
    cache = Path(".dvc/cache").rename(Path(".dvc/hidden"))
    try:
        assert raw_at("HEAD~2") is None
        assert ids_at("HEAD") == ids_at("HEAD~1") == ["a", "bb"]
    finally:
        cache.rename(".dvc/cache")


def test_a_commit_without_data(repository):
    Path("dvc.lock").rename("hidden")
    repository.run("git commit -qam 'no lock'")
    try:
        assert raw_at("HEAD") is None
    finally:
        repository.run("git reset -q --soft HEAD~1 && git reset -q && git checkout -q dvc.lock")
