"""`groundwork diff` in a repository: words, lists, conditions, ids where the data are, pictures."""

import csv
import hashlib
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from pipeline.commands.diff import __main__ as diff
from pipeline.commands.diff.arguments import parser
from pipeline.dataset import rows as rows_module
from pipeline.dataset.annotations import SCHEMA
from pipeline.dataset.rows import row_key
from pipeline.dataset.table import words, write_examples, write_index, write_part
from pipeline.modalities.images.content.decoding import encode_png
from tests.support.asking import Said, ask
from tests.support.image_schema import RAW_SCHEMA
from tests.support.many_examples import ABOUT, made_up
from tests.support.repository import Repository
from tests.support.rows_repository import make_repository, put, rows_of

IDS = [f"pets/{n}.png" for n in range(6)]
LABELS = ["cat", "dog", "cat", "dog", "cat", "| <b>"]


def lines(labels: list[str], only: range = range(6), content: str = "0") -> pa.Table:
    return rows_of(*(f"{row_key(IDS[n])},{content * 8},{labels[n]},train,1," for n in only))


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """Of pets: in `v1` five, in `v2` two of them swapped; one gone and one new in the workspace."""
    repository = make_repository(tmp_path / "clone")
    put(repository, lines(LABELS, range(5)), "first")
    repository.run("git tag v1")
    swapped = ["dog", "cat", *LABELS[2:]]
    put(repository, lines(swapped, range(5)), "second")
    repository.run("git tag v2")
    put(repository, lines(swapped, range(1, 6)))
    monkeypatch.chdir(repository.path)
    return repository


def write_raw(noise: int = 0) -> None:
    """The pets, as data/raw has them."""
    random = np.random.default_rng(noise)
    pictures = [encode_png(random.integers(0, 256, (8, 8, 1), dtype=np.uint8)) for _ in IDS]
    table = made_up(6)
    for name, values in {
        "id": pa.array(IDS),
        "image": pa.array(pictures),
        "sha256": pa.array([hashlib.sha256(p).hexdigest() for p in pictures]),
        "source": words(["../north", "../north", "../south", "../south", "../west", "../west"]),
    }.items():
        table = table.set_column(table.schema.get_field_index(name), RAW_SCHEMA.field(name), values)
    shutil.rmtree("data/raw", ignore_errors=True)
    Path("data/raw").mkdir(parents=True)
    write_index(Path("data/raw"), [write_part(Path("data/raw"), 0, table)], RAW_SCHEMA, **ABOUT)


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> Said:
    return ask(diff, parser, capsys, *arguments)


def test_two_commits_from_git_alone(repository, capsys):
    assert said(capsys, "v1", "v2") == (
        0,
        f"""\
v1 -> v2, pets: 5 -> 5 examples
added       0
removed     0
relabelled  2  cat -> dog: 1, dog -> cat: 1
    {row_key(IDS[0])}  cat -> dog
    {row_key(IDS[1])}  dog -> cat
moved       0
reweighted  0
content     0

label  train  val  test
cat    3      0    0
dog    2      0    0
all    5      0    0
2 examples are named by keys: ids are in data/raw, which is not here as it was then \
(dvc pull data/raw brings it)
""",
        "",
    )


def test_the_workspace_with_ids_and_hostile_labels(repository, capsys):
    write_raw()
    found = said(capsys)
    assert "HEAD -> workspace, pets: 5 -> 5 examples\n" in found.out
    assert "\nadded       1  | <b>: 1\n    pets/5.png  | <b>\n" in found.out
    assert "\nremoved     1  dog: 1\n    pets/0.png  dog\n" in found.out
    assert "key" not in found.out
    text = said(capsys, "--markdown").out
    assert "| added | 1 | \\| \\<b\\>: 1 |\n" in text
    assert "- `pets/5.png` \\| \\<b\\>\n" in text
    assert "<b>" not in text
    assert said(capsys, "v1", "v2", "--markdown").out.count("cat → dog") == 2


def test_a_list_of_all(repository, capsys):
    write_raw()
    found = list(csv.reader(said(capsys, "v1", "--csv").out.splitlines()))
    assert found == [
        ["kind", "key", "id", "change"],
        ["added", row_key(IDS[5]), IDS[5], "| <b>"],
        ["removed", row_key(IDS[0]), IDS[0], "cat"],
        ["relabelled", row_key(IDS[1]), IDS[1], "dog -> cat"],
    ]


@pytest.mark.parametrize(
    ("condition", "status", "sentence"),
    [
        ("relabelled>1%", 1, "FAIL relabelled>1%: 2 of 5, 40 %\n"),
        ("relabelled>1", 1, "FAIL relabelled>1: 2 of 5, 40 %\n"),
        ("relabelled > 40%", 0, ""),
        ("relabelled>2", 0, ""),
        ("moved>0", 0, ""),
    ],
)
def test_conditions(repository, capsys, condition, status, sentence):
    found = said(capsys, "v1", "v2", "--fail-on", condition, "--fail-on", "added>5%")
    assert (found.status, found.err) == (status, sentence)


@pytest.mark.parametrize("condition", ["relabelled", "x>1", "moved>-1", "moved<3", "moved>1%%"])
def test_what_is_no_condition(condition):
    with pytest.raises(SystemExit):
        parser().parse_args(["--fail-on", condition])


def test_pictures(repository, capsys):
    write_raw()
    found = said(capsys, "--pictures", "changes.png")
    assert (
        found.err == "2 examples drawn, without the data before, which are not here: changes.png\n"
    )
    assert Image.open("changes.png").size[0] > 300
    shutil.rmtree("data")
    found = said(capsys, "--pictures", "x.png")
    assert found.err == "ERROR data/raw is not here to draw from | fix: dvc pull data/raw\n"


def test_where_a_change_is_concentrated(repository, capsys):
    """All of one label, of one source and by one annotator, of a dataset with several of each."""
    Path("data/raw").mkdir(parents=True)
    table = made_up(400)
    keys = [row_key(id) for id in table["id"].to_pylist()]
    sources = ["../south" if n % 10 == 0 else "../north" for n in range(400)]
    at = table.schema.get_field_index("source")
    table = table.set_column(at, RAW_SCHEMA.field("source"), words(sources))
    write_index(Path("data/raw"), [write_part(Path("data/raw"), 0, table)], RAW_SCHEMA, **ABOUT)
    people = ["eve" if n % 10 == 0 else "ada" for n in range(400)]
    write_examples(
        pa.table([table["id"], words(people), words(["cat"] * 400)], schema=SCHEMA),
        Path("data/raw/annotations.parquet"),
    )

    def of(changed: str) -> pa.Table:
        labels = [changed if n % 10 == 0 else f"l{n % 5}" for n in range(400)]
        return rows_of(*(f"{k},aa,{v},train,1," for k, v in zip(keys, labels, strict=True)))

    put(repository, of("l0"), "many")
    put(repository, of("new"))
    out = said(capsys, "--show", "0").out
    assert "\nrelabelled  40  l0 -> new: 40\n" in out
    assert "    label l0: 100 % of them, 20 % of all\n" in out or (
        "    label l0: 100 % of them, 10 % of all\n" in out
    )
    assert "    source ../south: 100 % of them, 10 % of all\n" in out
    assert "    annotator eve: 100 % of them, 10 % of all\n" in out
    assert "split train" not in out
    assert "license" not in out


def test_in_parts(repository, capsys, monkeypatch):
    before = said(capsys, "v1", "v2").out
    monkeypatch.setattr(rows_module, "MOST_ROWS", 3)
    put(repository, lines(LABELS, range(5)), "in parts")
    assert said(capsys, "v1").out.startswith(
        "v1 -> workspace, pets: 5 -> 5 examples\nadded       0"
    )
    assert "relabelled  2  cat -> dog: 1, dog -> cat: 1\n" in said(capsys, "v2").out
    assert said(capsys, "v1", "v2").out == before


def test_a_merged_branch_and_an_experiment(repository, capsys):
    repository.run("git update-ref refs/exps/ab/cdef/nasty-zips v1")
    assert "nasty-zips -> v2" in said(capsys, "nasty-zips", "v2").out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere"], "ERROR nowhere is no commit, branch, tag or experiment | fix: see git br"),
        (["none"], "ERROR none has no reports/rows.csv: it was made before the project wrote one"),
        (["HEAD:reports"], "ERROR HEAD:reports is no commit"),
    ],
)
def test_what_it_refuses(repository, capsys, arguments, message):
    repository.run(
        "git checkout -q --orphan none && git rm -rqf . && git commit -q --allow-empty -m x"
    )
    repository.run("git checkout -q main")
    found = said(capsys, *arguments)
    assert found.status == 1
    assert found.err.startswith(message)


def test_without_rows_in_the_workspace(repository, capsys):
    Path("reports/rows.csv").unlink()
    assert said(capsys).err == ("ERROR reports/rows.csv does not exist | fix: dvc repro describe\n")


def test_outside_of_a_repository(here, capsys):
    found = said(capsys)
    assert found.err.startswith("ERROR HEAD is no commit") or "git" in found.err
