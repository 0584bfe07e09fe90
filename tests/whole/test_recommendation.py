"""Events of users with known tastes go through all stages, and everybody gets a list."""

import hashlib
import json

import pyarrow.parquet as pq
import pytest

from tests.support.interactions import entry_text, make_world, write_world
from tests.support.repository import Repository, make_clone

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def tastes(tmp_path_factory) -> Repository:
    """A clone in which all stages ran on events."""
    folder = tmp_path_factory.mktemp("tastes")
    write_world(folder / "source", make_world(num_items=80))
    repository = make_clone(folder / "clone")
    entry = repository.path / "data/catalog/tastes.yaml"
    entry.write_text(entry_text(folder / "source"))
    repository.run("groundwork use tastes")
    repository.commit("events")
    repository.run("dvc repro")
    repository.commit("results")
    return repository


def report(repository: Repository, name: str) -> dict:
    return json.loads((repository.path / "reports" / name).read_text())


def test_it_goes_through_all_stages(tastes):
    ingested = report(tastes, "ingest.json")
    assert ingested["val"] == ingested["test"] == 120
    assert ingested["items"] == 80
    assert report(tastes, "validation.json")["failed_warning"] == 0
    assert report(tastes, "validation.json")["failed_critical"] == 0
    metrics = report(tastes, "metrics.json")
    assert {"ndcg_10", "recall_20", "coverage"} <= {*metrics}
    assert {"baseline_ndcg_10", "baseline_recall_20", "baseline_coverage"} <= {*metrics}
    assert metrics["ndcg_10"] > 0.2
    assert report(tastes, "export.json")["agreement"] == 1.0
    assert "80 items" in (tastes.path / "reports/modelcard.md").read_text()
    assert "`i000`" in (tastes.path / "reports/datacard.md").read_text()


def test_a_user_gets_new_items_and_reasons(tastes):
    (line,) = tastes.run("groundwork predict u001 --json").splitlines()
    answer = json.loads(line)
    rows = (tastes.path.parent / "source/events.csv").read_text().splitlines()
    had = [row.split(",")[1] for row in rows if row.startswith("u001,")]
    listed = [row["item"] for row in answer["ranking"]]
    assert answer["item"] == listed[0]
    assert not {*had[:-2]} & {*listed}
    assert answer["ranking"][0]["title"] == f"Title {listed[0]}"
    assert answer["ranking"][0]["because"]["item"] in had
    words = tastes.run("groundwork predict u001 nobody")
    first, new = words.splitlines()
    assert f"1. {listed[0]} Title {listed[0]} (because of " in first
    assert "because" not in new
    assert new.startswith("nobody  nothing is known of this user: what is popular  1. ")
    assert answer["known"]
    (line,) = tastes.run("groundwork predict nobody --json").splitlines()
    assert not json.loads(line)["known"]


def test_running_again_makes_the_same_bytes(tastes):
    before = tastes.digests("data/clean", "models/model.safetensors", "models/serving/model.onnx")
    tastes.run("dvc repro --force ingest validate clean augment train export")
    again = tastes.digests("data/clean", "models/model.safetensors", "models/serving/model.onnx")
    assert again == before


def test_other_models_come_with_one_word(tastes):
    tastes.run("dvc exp run -S model=als")
    assert report(tastes, "metrics.json")["ndcg_10"] > 0.2
    tastes.restore()


def test_a_user_is_forgotten_as_a_person_is(tastes):
    """By the ids of the events, which data/clean lists beside the user."""
    parts = sorted((tastes.path / "data/clean").glob("part-*.parquet"))
    tables = [pq.read_table(part, columns=["id", "group"]) for part in parts]
    rows = [row for table in tables for row in table.to_pylist()]
    ids = [row["id"] for row in rows if row["group"] == "u001"]
    (tastes.path / "withdrawn.txt").write_text("\n".join(ids) + "\n")
    kept = tastes.path / ".groundwork/serving/contents/2999-12-31"
    kept.mkdir(parents=True)
    for user in ("u001", "u002"):
        request = json.dumps({"user": user}).encode()
        (kept / hashlib.sha256(request).hexdigest()).write_bytes(request)
    (kept / "torn").write_text('{"user": "u0')
    said = tastes.run("groundwork forget --ids-file withdrawn.txt --yes")
    assert "Found: nothing." in said
    assert {path.read_text() for path in kept.iterdir()} == {'{"user": "u0', '{"user": "u002"}'}
    assert report(tastes, "ingest.json")["opted_out"] == len(ids)
    index = json.loads((tastes.path / "data/shards/index.json").read_text())
    assert "u001" not in index["preparation"]["users"]
    model = json.loads((tastes.path / "models/model.json").read_text())
    assert "u001" not in model["preparation"]["users"]
