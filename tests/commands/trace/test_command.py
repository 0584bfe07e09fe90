"""Examples of every fate, traced: what is said must be all that the tables have of them."""

import hashlib
import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from pipeline.commands.trace import __main__ as trace
from pipeline.commands.trace.arguments import parser
from pipeline.dataset.rows import row_key
from pipeline.dataset.table import words, write_index, write_part
from pipeline.describe.rows import all_rows
from tests.support.asking import Said, ask
from tests.support.findings import write_found
from tests.support.image_schema import CLEAN_SCHEMA, RAW_SCHEMA
from tests.support.many_examples import (
    ABOUT,
    as_clean,
    as_removed,
    made_up,
    write_predictions,
)
from tests.support.repository import Repository
from tests.support.rows_repository import make_repository, put

KEPT, REMOVED, QUARANTINED, POOLED, OPTED_OUT = 300, 30, 20, 20, 20
FATES = ("kept", "removed", "quarantined", "pooled", "opted out")


def replaced(table: pa.Table, name: str, values: pa.Array) -> pa.Table:
    at = table.schema.get_field_index(name)
    return table.set_column(at, RAW_SCHEMA.field(name), values)


def build(root: Path) -> dict[str, list[str]]:
    """Data with examples of every fate; ids by fate."""
    whole = made_up(KEPT + REMOVED + QUARANTINED + POOLED + OPTED_OUT)
    sizes = (KEPT, REMOVED, QUARANTINED, POOLED, OPTED_OUT)
    pieces = [whole.slice(sum(sizes[:n]), size) for n, size in enumerate(sizes)]
    kept, removed, quarantined, pooled, _ = pieces
    pooled = replaced(pooled, "label", pa.nulls(POOLED, RAW_SCHEMA.field("label").type))
    problem = pa.array(["not an image"] * QUARANTINED)
    quarantined = replaced(quarantined, "problem", problem)
    ids = {fate: piece["id"].to_pylist() for fate, piece in zip(FATES, pieces, strict=True)}
    for name in ("raw", "clean", "shards", "optout", "reviews"):
        (root / "data" / name).mkdir(parents=True)
    rows = [pa.concat_tables([kept.slice(0, 150), removed]), kept.slice(150), quarantined]
    files = [write_part(root / "data/raw", number, piece) for number, piece in enumerate(rows)]
    pool = [write_part(root / "data/raw", 3, pooled)]
    write_index(root / "data/raw", files, RAW_SCHEMA, **ABOUT, pool=pool)
    said = pa.table(
        {
            "id": ids["kept"][:50],
            "annotator": words(["ada"] * 50),
            "label": words(["class 1"] * 50),
        }
    )
    pq.write_table(said, root / "data/raw/annotations.parquet")
    clean = as_clean(kept)
    given = clean["label"].to_pylist()
    clean = clean.set_column(2, CLEAN_SCHEMA.field("label"), words(["class 9", *given[1:]]))
    part = write_part(root / "data/clean", 0, clean)
    write_index(root / "data/clean", [part], CLEAN_SCHEMA, **ABOUT)
    gone = pa.concat_tables(
        [as_removed(removed, "leak", ids["kept"][0]), as_removed(quarantined, "unusable")]
    ).unify_dictionaries()
    waiting = [(id, "unlabelled") for id in ids["pooled"]]
    write_found(
        root / "data/findings", {"removed": gone.combine_chunks(), "pool": waiting}, **ABOUT
    )
    lines = "".join(f"{id},not an image\n" for id in ids["quarantined"])
    (root / "data/quarantine.csv").write_text(f"id,reason\n{lines}")
    train = clean.filter(pc.equal(clean["split"].cast(pa.string()), "train"))["id"]
    for copy in (0, 1):
        table = pa.table({"id": train, "copy": pa.array([copy] * len(train), pa.int32())})
        pq.write_table(table, root / f"data/shards/train-0000{copy}.parquet")
    tested = clean.filter(pc.equal(clean["split"].cast(pa.string()), "test"))
    write_predictions(root / "data/evaluation", tested)
    digests = [hashlib.sha256(id.encode()).hexdigest() for id in ids["opted out"]]
    lines = "".join(f"{digest},2026-05-03,asked\n" for digest in digests)
    (root / "data/optout/pets.csv").write_text(f"id,date,note\n{lines}")
    decision = f"{ids['kept'][0]},{given[0]},class 9,eve,\n"
    (root / "data/reviews/pets.csv").write_text(f"id,given,decision,reviewer,note\n{decision}")
    return ids


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Repository, dict[str, list[str]]]:
    """A repository of two commits; those who opted out were in the data of the first."""
    repository = make_repository(tmp_path_factory.mktemp("traced") / "clone")
    ids = build(repository.path)
    data = [repository.path / "data" / name for name in ("raw", "clean", "findings")]
    rows = all_rows(*data, "label")
    old = rows.slice(0, OPTED_OUT)
    keys = pa.array(list(map(row_key, ids["opted out"])))
    put(repository, pa.concat_tables([rows, old.set_column(0, "key", keys)]), "first")
    put(repository, rows, "forget some")
    return repository, ids


@pytest.fixture
def ids(
    made: tuple[Repository, dict[str, list[str]]], monkeypatch: pytest.MonkeyPatch
) -> dict[str, list[str]]:
    monkeypatch.chdir(made[0].path)
    return made[1]


@pytest.fixture
def say(ids: dict[str, list[str]], capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    return lambda *arguments: ask(trace, parser, capsys, *arguments)


def known(say: Callable[..., Said], id: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in json.loads(say(id, "--json").out):
        found.setdefault(line["about"], []).append(line["known"])
    return found


def row_of(path: str, id: str) -> tuple[int, dict] | None:
    """What pyarrow finds, to compare with."""
    table = pq.read_table(path)
    at = table["id"].to_pylist().index(id) if id in table["id"].to_pylist() else -1
    return (at, table.slice(at, 1).drop_columns(["image"]).to_pylist()[0]) if at >= 0 else None


def check(said: dict[str, list[str]], fate: str, id: str) -> None:
    assert said["id"] == [id]
    assert said["key"] == [row_key(id)]
    if fate == "opted out":
        assert said["opted out"][0].startswith("2026-05-03 asked (data/optout/pets.csv:")
        assert said["raw"] == ["it is not there"]
        came, left = said["commit"]
        assert " came as " in came
        assert came.endswith("(first)")
        assert " left (it was " in left
        assert left.endswith("(forget some)")
        return
    places = [(p, row_of(str(p), id)) for p in sorted(Path("data/raw").glob("part-*.parquet"))]
    ((path, (at, row)),) = [(p, found) for p, found in places if found]
    label, split = row["label"] or "no label", row["split"]
    assert said["raw"] == [f"{path} row {at}, {label}, {split}"]
    assert said["source"] == [f"{row['source']}, CC0-1.0, sha256 {row['source_sha256'][:12]}"]
    fine = "set aside: not an image" if fate == "quarantined" else "fine"
    assert said["validate"] == [fine]
    (came,) = said["commit"]
    assert " came as " in came
    if fate == "removed":
        assert said["clean"] == ["removed: leak, of shots/0000000.jpg"]
    elif fate == "quarantined":
        assert said["clean"] == ["removed: unusable"]
    elif fate == "pooled":
        assert said["clean"] == ["waits in the pool: unlabelled"]
    else:
        found = row_of("data/clean/part-00000.parquet", id)
        assert found
        at, row = found
        assert said["clean"][0].startswith(
            f"data/clean/part-00000.parquet row {at}, {row['label']}, "
        )
        assert f"weight {row['weight']:.3g}" in said["clean"][0]
        assert ("annotator" in said) == (int(id[6:13]) < 50)
        assert len(said.get("shards", [])) == (2 if split == "train" else 0)
        assert ("predicted" in said) == (split == "test")


def test_examples_of_all_fates(say, ids):
    picked = random.Random(1)
    for fate in FATES:
        for id in picked.sample(ids[fate], 6 if fate == "kept" else 1):
            check(known(say, id), fate, id)


@pytest.mark.slow  # 20 s
def test_100_random_examples_of_all_fates(say, ids):
    picked = random.Random(0)
    for fate in FATES:
        for id in picked.sample(ids[fate], 20):
            check(known(say, id), fate, id)


def test_who_decided(say, ids):
    said = known(say, ids["kept"][0])
    (decided,) = said["decided"]
    assert decided.startswith("class 9 (was class ")
    assert decided.endswith(" by eve, data/reviews/pets.csv:2")
    assert ", relabelled by a person, " in said["clean"][0]


def test_by_its_key_and_by_digests(say, ids):
    id = ids["kept"][7]
    whole = say(id)
    assert whole.out.startswith(f"id         {id}\nkey        {row_key(id)}\nsource     ../")
    row = row_of("data/raw/part-00000.parquet", id)
    assert row
    for name in (
        row_key(id),
        hashlib.sha256(id.encode()).hexdigest(),
        row[1]["sha256"],
    ):
        assert say(name) == whole
    gone = ids["opted out"][0]
    said = known(say, hashlib.sha256(gone.encode()).hexdigest())
    assert "opted out" in said
    assert len(said["commit"]) == 2


def test_from_git_alone(say, ids):
    """In a fresh clone there is nothing but the history, for the removed too."""
    shutil.move("data", "hidden")
    try:
        for fate in FATES:
            said = known(say, ids[fate][3])
            assert said["raw"] == ["data/raw is not here (dvc pull data/raw)"]
            assert len(said["commit"]) == (2 if fate == "opted out" else 1)
            assert ("now" in said) == (fate != "opted out")
    finally:
        shutil.move("hidden", "data")


def test_what_nobody_knows(say):
    found = say("nobody")
    assert found.status == 1
    assert found.err.startswith(
        "ERROR nobody is in none of the data that are here, and in no commit of this branch | fix: "
    )


def test_ids_are_no_sql_and_drive_no_terminal(say):
    assert say("x' OR '1'='1").status == 1
    found = say("\x1b[2J")
    assert "\x1b" not in found.err
