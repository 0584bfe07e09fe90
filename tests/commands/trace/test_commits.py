"""What git knows of an example: each change in its commit, in one file and in parts."""

from pathlib import Path

import pytest

from pipeline.commands.trace.commits import Row, changes_between, described, search_git
from pipeline.dataset import rows as rows_module
from tests.support.repository import Repository
from tests.support.rows_repository import make_repository, put, rows_of

KEY, OTHER = "0123456789ab", "ffffffffffff"
ELSE = f"{OTHER},00000000,hen,train,1,"
LOCK = """\
stages:
  train:
    outs:
    - path: models/model.json
      hash: md5
      md5: 11111111
      size: 1
    - path: models/model.safetensors
      hash: md5
      md5: {digest}
      size: 1242736
"""


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    repository = make_repository(tmp_path / "clone")
    monkeypatch.chdir(repository.path)
    return repository


def history(key: str = KEY) -> list[tuple[str, str]]:
    return [(e.commit.subject if e.commit else "", e.change) for e in search_git(key).events]


def live(repository: Repository) -> list[tuple[str, str]]:
    """A life in seven commits, and what should be said of it."""
    lives = [
        ("begin", None, None),
        ("came", "aaaaaaaa,cat,train,1,", "came as cat in train"),
        ("others", "aaaaaaaa,cat,train,1,", None),
        ("doubt", "aaaaaaaa,cat,train,0.25,", "weight 1 -> 0.25"),
        ("right", "bbbbbbbb,dog,train,1,", "other content, aaaaaaaa -> bbbbbbbb"),
        ("moved", "bbbbbbbb,dog,val,1,", "moved train -> val"),
        ("copy", "bbbbbbbb,dog,val,,leak", "left out: leak"),
        ("again", "bbbbbbbb,dog,val,1,", "taken in again (was leak)"),
        ("gone", None, "left (it was dog in val)"),
    ]
    expected = []
    for number, (subject, line, change) in enumerate(lives):
        others = f"{OTHER},{number:08x},hen,train,1,"
        put(repository, rows_of(*([f"{KEY},{line}"] if line else []), others), subject)
        expected += [(subject, change)] if change else []
        if subject == "right":
            expected += [(subject, "relabelled cat -> dog"), (subject, "weight 0.25 -> 1")]
    return expected


def test_a_life(repository):
    expected = live(repository)
    assert history() == expected
    assert history("0" * 12) == []
    assert len(history(OTHER)) == 9


def test_a_life_in_parts(repository, monkeypatch):
    monkeypatch.setattr(rows_module, "MOST_ROWS", 0)
    expected = live(repository)
    assert (repository.path / "reports/data/rows/ff.csv").exists()
    assert history() == expected
    monkeypatch.setattr(rows_module, "MOST_ROWS", 10)
    put(repository, rows_of(ELSE, f"{KEY},bbbbbbbb,dog,val,1,"), "few again")
    assert history() == [*expected, ("few again", "came as dog in val")]


def test_what_is_not_committed(repository):
    put(repository, rows_of(ELSE), "begin")
    put(repository, rows_of(ELSE, f"{KEY},bbbbbbbb,dog,val,1,"))
    assert history() == [("", "came as dog in val")]


def test_a_branch_that_was_merged(repository):
    put(repository, rows_of(ELSE), "begin")
    repository.run("git checkout -q -b side")
    put(repository, rows_of(ELSE, f"{KEY},aaaaaaaa,cat,train,1,"), "on the side")
    repository.run("git checkout -q main")
    (repository.path / "notes.txt").write_text("x")
    repository.commit("meanwhile")
    repository.run("git merge -q --no-edit side")
    assert history() == [("on the side", "came as cat in train")]


def test_models_that_were_trained_on_it(repository):
    put(repository, rows_of(ELSE), "begin")
    lock = repository.path / "dvc.lock"
    here = f"{KEY},aaaaaaaa,cat,train,1,"
    for digest, line in [
        ("00", None),
        ("a1", here),
        ("a1", here.replace("cat", "dog")),
        ("b2", f"{KEY},aaaaaaaa,cat,train,,outlier"),
        ("c3", here.replace("train", "val")),
        ("d4", here),
    ]:
        lock.write_text(LOCK.format(digest=digest))
        put(repository, rows_of(ELSE, *([line] if line else [])), digest)
    models = search_git(KEY).models
    assert [model.digest for model in models] == ["a1", "d4"]
    first, last = models[0].commits
    assert (first.subject, last.subject, first == last) == ("a1", "a1", False)
    lock.write_text(LOCK.format(digest="e5"))
    assert search_git(KEY).models[-1] == ("e5", None)


def test_labels_with_commas_and_quotes(repository):
    table = rows_of(f"{KEY},aaaaaaaa,x,train,1,")
    named = table.set_column(2, "label", [['a, "b"']])
    put(repository, named, "named")
    assert history() == [("named", 'came as a, "b" in train')]


def test_subjects_of_any_kind(repository):
    put(repository, rows_of(f"{KEY},aaaaaaaa,cat,train,1,"), "a\x1fb | c")
    assert history() == [("a\x1fb | c", "came as cat in train")]


def test_no_commit_yet(repository):
    put(repository, rows_of(f"{KEY},aaaaaaaa,cat,train,1,"))
    assert history() == [("", "came as cat in train")]


def test_words():
    row = Row(KEY, "aa", "", "", "", "unlabelled")
    assert described(row) == "an example without a label in no split, left out: unlabelled"
    assert list(changes_between(row, row)) == []
    assert list(changes_between(None, None)) == []
