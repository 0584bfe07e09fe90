"""A folder with the data of 2,000 made-up examples, of which ten are removed and some annotated."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from pipeline.commands.find import __main__ as find
from pipeline.commands.find.arguments import parser
from pipeline.dataset.annotations import SCHEMA
from pipeline.dataset.table import words, write_examples
from tests.support.asking import Said, ask
from tests.support.many_examples import write_many
from tests.support.repository import ROOT

NUM, NUM_REMOVED = 2000, 10


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("many")
    write_many(folder, NUM, NUM_REMOVED)
    shutil.copy(ROOT / "params.yaml", folder)
    ids = [f"shots/{n:07d}.jpg" for n in (20, 20, 20, 21, 21)]
    said = ["cat", "dog", "dog", "cat", "dog"]
    who = ["ada", "bob", "eve", "ada", "bob"]
    table = pa.table([pa.array(ids), words(who), words(said)], schema=SCHEMA)
    write_examples(table, folder / "data/raw/annotations.parquet")
    write_examples(pa.table({"id": ids[:1]}), folder / "data/evaluation/examples.parquet")
    return folder


@pytest.fixture
def say(
    made: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Said]:
    """Runs the command among these data."""
    monkeypatch.chdir(made)
    return lambda *arguments: ask(find, parser, capsys, *arguments)
